#include "esscher/pipeline/reward_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/io/safetensors.h"

namespace esscher {
namespace {

class RewardModelFile : public testing::Test {
 protected:
  RewardModelFile()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~RewardModelFile() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "model.safetensors").string(); }

  /// What loading says, and "" where it succeeds.
  std::string refusal() const {
    try {
      load_reward_model(path());
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder_;
};

RewardModel some_model() {
  RewardModel model;
  model.first = {1000, Matrix<double>(3, 4), {0.1, -0.2, 1e-300}, {ActivationKind::mixture, 2}, {}};
  RandomStream(1, "weights").fill_normal(0, model.first.weights.values());
  model.first.mixture = mixture_coefficients(model.first.activation, 3, 1);
  model.heads.push_back({ReadoutWeights::uniform, {}, {1, -0.0, 0.1}, 0.3, 1e-6});
  model.heads.push_back(
      {ReadoutWeights::label, 0.1 + 0.2, {std::nextafter(1.0, 2.0), 2, 3}, -1e300, 0});
  model.facts = {{"link", "tanh(z^3)"}, {"seed", "18446744073709551615"}};
  return model;
}

TEST_F(RewardModelFile, LoadsBackBitForBit) {
  const RewardModel saved = some_model();
  save_reward_model(path(), saved);
  const RewardModel loaded = load_reward_model(path());
  EXPECT_EQ(loaded.first.dim, saved.first.dim);
  EXPECT_EQ(loaded.first.weights, saved.first.weights);
  EXPECT_EQ(loaded.first.biases, saved.first.biases);
  EXPECT_EQ(loaded.first.activation, saved.first.activation);
  EXPECT_EQ(loaded.first.mixture, saved.first.mixture);
  EXPECT_EQ(loaded.facts, saved.facts);
  ASSERT_EQ(loaded.heads.size(), 2U);
  for (std::size_t h = 0; h < 2; ++h) {
    EXPECT_EQ(loaded.heads[h].weights, saved.heads[h].weights);
    EXPECT_EQ(loaded.heads[h].weight_temperature, saved.heads[h].weight_temperature);
    EXPECT_EQ(loaded.heads[h].readout, saved.heads[h].readout);
    EXPECT_EQ(loaded.heads[h].intercept, saved.heads[h].intercept);
    EXPECT_EQ(loaded.heads[h].penalty, saved.heads[h].penalty);
  }
  EXPECT_TRUE(std::signbit(loaded.heads[0].readout[1]));

  // Saved again, it is the same file.
  const auto bytes = [](const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  const std::string first = bytes(path());
  save_reward_model(path(), loaded);
  EXPECT_EQ(bytes(path()), first);
}

TEST_F(RewardModelFile, RefusesATruncatedFile) {
  save_reward_model(path(), some_model());
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 16);
  EXPECT_NE(refusal().find("truncated: 16 bytes are missing"), std::string::npos) << refusal();
}

TEST_F(RewardModelFile, RefusesANewerFormatAndSaysWhatToDo) {
  save_reward_model(path(), some_model());
  Safetensors content = read_safetensors(path());
  content.metadata["esscher_reward_model"] = "2";
  content.metadata["esscher_version"] = "9.1.0";
  write_safetensors(path(), content);
  EXPECT_NE(refusal().find("format 2 (written by esscher 9.1.0)"), std::string::npos) << refusal();
  EXPECT_NE(refusal().find("update esscher"), std::string::npos) << refusal();
}

TEST_F(RewardModelFile, RefusesOtherAndDamagedContent) {
  write_safetensors(path(), {});
  EXPECT_NE(refusal().find("some other safetensors file"), std::string::npos) << refusal();
  save_reward_model(path(), some_model());
  const Safetensors whole = read_safetensors(path());
  // Without any one of its parts it is not read.
  for (const auto& item : whole.tensors) {
    Safetensors part = whole;
    part.tensors.erase(item.first);
    write_safetensors(path(), part);
    EXPECT_NE(refusal(), "") << "without " << item.first;
  }
  for (const auto& item : whole.metadata) {
    Safetensors part = whole;
    part.metadata.erase(item.first);
    write_safetensors(path(), part);
    const bool needed =
        item.first != "link" && item.first != "seed" && item.first != "esscher_version";
    EXPECT_EQ(refusal() != "", needed) << "without " << item.first;
  }
  for (const auto& item : whole.tensors) {
    Safetensors part = whole;
    part.tensors[item.first] = {{5, 7, 1}, std::vector<double>(35)};
    write_safetensors(path(), part);
    EXPECT_NE(refusal(), "") << "another shape of " << item.first;
  }
  EXPECT_THROW(load_reward_model((folder_ / "none").string()), IoError);
}

TEST(FindHead, TakesTheReadoutOfThoseWeightsAndTemperature) {
  const RewardModel model = some_model();
  EXPECT_EQ(&find_head(model, ReadoutWeights::uniform, 7), &model.heads[0]);
  EXPECT_EQ(&find_head(model, ReadoutWeights::label, 0.3), &model.heads[1]);
  EXPECT_EQ(&find_head(model, ReadoutWeights::label, 0.3002), &model.heads[1]);
  try {
    find_head(model, ReadoutWeights::label, 0.31);
    FAIL() << "found a readout that is not there";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("it holds uniform, label at 0.3"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace esscher
