// Products of pairs of features through fit, predict and evaluate.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program.h"
#include "refusals.h"

namespace esscher::cli {
namespace {

/// Fits products.csv; the report.
std::string fit(const Folder& folder, const Words& more) {
  Words words{"fit", "products.csv", "--one-hot",         "seq:sequence", "--reward",
              "y",   "-o",           "model.safetensors", "--beta",       "1"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run(words, folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

/// By the linear baseline.
std::vector<double> predictions(const Folder& folder, const std::string& table) {
  const Outcome outcome =
      run({"predict", "model.safetensors", table, "--weights", "linear", "-o", "r.npy"}, folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string bytes = read_file(folder.path() / "r.npy");
  constexpr std::size_t kHeader = 128;
  EXPECT_GT(bytes.size(), kHeader);
  std::vector<double> rewards((bytes.size() - std::min(kHeader, bytes.size())) / sizeof(double));
  std::memcpy(rewards.data(), bytes.data() + kHeader, rewards.size() * sizeof(double));
  return rewards;
}

/// Half of all sequences of seven A's and C's: those with an even, or an odd, number of A's. The
/// reward is the product of the second and the fifth position, A = 1 and C = -1. In each half all
/// effects of one position and all products of two are orthogonal.
std::string products_csv(bool even) {
  std::string text = "seq,y\n";
  for (int i = 0; i < 128; ++i) {
    std::string sequence;
    for (int bit = 0; bit < 7; ++bit) sequence += (i >> bit) % 2 == 1 ? 'A' : 'C';
    if ((std::count(sequence.begin(), sequence.end(), 'A') % 2 == 0) != even) continue;
    text += sequence + (sequence[1] == sequence[4] ? ",1\n" : ",-1\n");
  }
  return text;
}

/// The rewards of products_csv().
std::vector<double> products(bool even) {
  std::vector<double> rewards;
  const std::string text = products_csv(even);
  for (std::size_t at = 0; (at = text.find(',', at + 1)) != std::string::npos;) {
    if (text[at + 1] != 'y') rewards.push_back(text[at + 1] == '-' ? -1 : 1);
  }
  return rewards;
}

class Interactions : public testing::Test {
 protected:
  Interactions() {
    folder_.write("products.csv", products_csv(true));
    folder_.write("new.csv", products_csv(false));
  }
  Folder folder_;
};

TEST_F(Interactions, LetTheLinearBaselinePredictAPureProductOnUnseenRows) {
  const std::string report = fit(folder_, {"--interactions", "2"});
  // 14 columns, and 4 products for each of 21 pairs of positions.
  EXPECT_NE(report.find("98 columns"), std::string::npos) << report;
  const std::vector<double> expected = products(false);
  const std::vector<double> found = predictions(folder_, "new.csv");
  ASSERT_EQ(found.size(), 64U);
  ASSERT_EQ(expected.size(), 64U);
  // The reward has no noise, so that cross-validation takes the least penalty of its path.
  for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(found[i], expected[i], 1e-3) << i;
}

TEST_F(Interactions, AreNeededForAPureProduct) {
  fit(folder_, {});
  // Orthogonal to every position: sums of 64 terms of size 1 that cancel.
  for (const char* table : {"products.csv", "new.csv"}) {
    for (const double reward : predictions(folder_, table)) EXPECT_NEAR(reward, 0, 1e-12) << table;
  }
}

TEST_F(Interactions, AreRememberedByTheModel) {
  fit(folder_, {"--interactions", "2"});
  const Outcome drawn = run({"resample", "model.safetensors", "new.csv", "--beta", "0.05",
                             "--weights", "linear", "--n", "20"},
                            folder_);
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  // At this temperature a reward of -1 has a chance of e^-40.
  const std::vector<double> rewards = products(false);
  std::istringstream lines(drawn.out);
  std::string line;
  std::getline(lines, line);
  ASSERT_EQ(line, "group,draw,row,reward");
  int draws = 0;
  while (std::getline(lines, line)) {
    const std::size_t comma = line.find(',', line.find(',') + 1);
    const auto row = static_cast<std::size_t>(std::stoi(line.substr(comma + 1)));
    EXPECT_EQ(rewards.at(row - 1), 1) << line;
    ++draws;
  }
  EXPECT_EQ(draws, 20);
}

TEST_F(Interactions, OfNumbersAreMadeAsWell) {
  std::string text = "a,b,y\n";
  std::string fresh = "a,b\n";
  std::vector<double> expected;
  for (int i = 0; i < 60; ++i) {
    const double a = std::sin(1.7 * i);
    const double b = std::cos(2.3 * i * i);
    text += std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(a * b) + "\n";
    fresh += std::to_string(b) + "," + std::to_string(a) + "\n";
    expected.push_back(a * b);
  }
  folder_.write("products.csv", text);
  folder_.write("fresh.csv", fresh);
  const Outcome outcome =
      run({"fit", "products.csv", "--reward", "y", "--features", "a,b", "--beta", "1",
           "--interactions", "2", "-o", "model.safetensors", "--quiet"},
          folder_);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<double> found = predictions(folder_, "fresh.csv");
  ASSERT_EQ(found.size(), 60U);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_NEAR(found[i], expected[i], 1e-3) << i;
}

TEST_F(Interactions, TellInAnEvaluationWhetherTheBaselineNeedsThem) {
  const auto correlation = [&](const std::string& order) {
    const Outcome outcome =
        run({"evaluate", "products.csv", "--one-hot", "seq:sequence", "--reward", "y", "--beta",
             "1", "--bootstrap", "100", "--interactions", order, "--format", "json"},
            folder_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto result = nlohmann::json::parse(outcome.out);
    for (const auto& reward : result["rewards"]) {
      if (reward["name"] == "linear") return reward["correlation"].get<double>();
    }
    ADD_FAILURE() << "no linear baseline: " << outcome.out;
    return 0.0;
  };
  EXPECT_GT(correlation("2"), 0.99);
  EXPECT_LT(correlation("1"), 0.5);
}

TEST_F(Interactions, OfTooManyFeaturesAreRefused) {
  std::string names;
  std::string row;
  for (int i = 0; i < 200; ++i) {
    names += "f" + std::to_string(i) + ",";
    row += std::to_string(i) + ",";
  }
  folder_.write("wide.csv", names + "y\n" + row + "1\n" + row + "2\n" + row + "3\n");
  expect_parts(refused({"fit", "wide.csv", "--features", "f*", "--reward", "y", "--interactions",
                        "2", "-o", "model.safetensors"},
                       folder_),
               {"64 ", "--interactions = 2", "200 features", "20100 columns", "more than 20000",
                "fewer --features"});
}

}  // namespace
}  // namespace esscher::cli
