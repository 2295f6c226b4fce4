#include "esscher/pipeline/table_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/io/safetensors.h"
#include "single_index_table.h"

namespace esscher {
namespace {

using testing_support::SingleIndexTable;

class TableModelFile : public testing::Test {
 protected:
  TableModelFile()
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string("table_model_") +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::iota(rows_.begin(), rows_.end(), std::uint64_t{0});
  }
  ~TableModelFile() override { std::filesystem::remove(path_); }

  TableModel fit(TransformKind kind, const char* reward_transform = "none") const {
    TrainingOptions options;
    options.deployment_temperatures = {1, 0.5};
    options.weights = {FitWeights::automatic, FitWeights::label};
    options.transform = kind;
    options.reward_transform = parse_reward_transform(reward_transform);
    TableModel model;
    model.reward = train_reward(data_.table(), rows_, options);
    EXPECT_EQ(model.reward.transform.kind, kind);
    for (const char* name : {"a", "b", "c"}) {
      model.encoding.columns.push_back({name, EncodedColumn::Kind::numeric, {}, 0, {}});
    }
    model.facts["data"] = "somewhere";
    return model;
  }
  std::string refusal() const {
    try {
      load_table_model(path_.string());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path path_;
  SingleIndexTable data_{200, 3, 1, 9};
  std::vector<std::uint64_t> rows_ = std::vector<std::uint64_t>(200);
};

TEST_F(TableModelFile, PredictsTheSameBitsOnceRead) {
  for (const TransformKind kind :
       {TransformKind::none, TransformKind::standardise, TransformKind::whiten}) {
    const TableModel model = fit(kind);
    save_table_model(path_.string(), model);
    const TableModel read = load_table_model(path_.string());
    EXPECT_EQ(predict_rewards(read.reward, data_.features, rows_),
              predict_rewards(model.reward, data_.features, rows_));
    EXPECT_EQ(read.encoding, model.encoding);
    EXPECT_EQ(read.facts, model.facts);
    ASSERT_EQ(read.reward.deployments.size(), 4);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(read.reward.deployments[i].head, model.reward.deployments[i].head);
      EXPECT_EQ(read.reward.deployments[i].beta, model.reward.deployments[i].beta);
      EXPECT_EQ(read.reward.deployments[i].scale, model.reward.deployments[i].scale);
      EXPECT_EQ(read.reward.deployments[i].reason, model.reward.deployments[i].reason);
    }
    EXPECT_EQ(read.reward.ceiling, model.reward.ceiling);
    EXPECT_EQ(read.reward.floor, model.reward.floor);
    EXPECT_EQ(read.reward.feature_temperature, model.reward.feature_temperature);
    EXPECT_EQ(read.reward.importance.columns, model.reward.importance.columns);
    EXPECT_EQ(read.reward.importance.directions, model.reward.importance.directions);
    EXPECT_EQ(read.reward.chosen_round, model.reward.chosen_round);
    ASSERT_EQ(read.reward.rounds.size(), model.reward.rounds.size());
    EXPECT_EQ(read.reward.rounds.back().error, model.reward.rounds.back().error);
  }
}

TEST_F(TableModelFile, KeepsTheRewardTransform) {
  for (const char* text : {"rank", "clip:0.05,0.95"}) {
    const TableModel model = fit(TransformKind::whiten, text);
    save_table_model(path_.string(), model);
    const TableModel read = load_table_model(path_.string());
    EXPECT_EQ(read.reward.reward_transform.text(), model.reward.reward_transform.text());
    EXPECT_EQ(predict_rewards(read.reward, data_.features, rows_),
              predict_rewards(model.reward, data_.features, rows_));
  }
}

TEST_F(TableModelFile, RemembersInteractions) {
  TableModel model = fit(TransformKind::whiten);
  // Two features and their product are three inputs.
  model.encoding.columns.pop_back();
  model.interactions = 2;
  save_table_model(path_.string(), model);
  const TableModel read = load_table_model(path_.string());
  EXPECT_EQ(read.interactions, 2);
  EXPECT_EQ(read.facts, model.facts);
  model.interactions = 1;
  save_table_model(path_.string(), model);
  EXPECT_THAT(refusal(), testing::HasSubstr("do not fit together"));
  model.interactions = 3;
  save_table_model(path_.string(), model);
  EXPECT_THAT(refusal(), testing::HasSubstr("order of interactions is neither 1 nor 2"));
}

TEST_F(TableModelFile, RefusesRanksThatAreNotInOrder) {
  TableModel model = fit(TransformKind::none, "rank");
  std::ranges::reverse(model.reward.reward_transform.knots);
  save_table_model(path_.string(), model);
  EXPECT_THAT(refusal(), testing::HasSubstr("ranks of rewards are not in order"));
}

TEST_F(TableModelFile, RefusesAnotherKindOfFile) {
  Safetensors other;
  other.tensors["x"] = {{1}, {1.0}};
  write_safetensors(path_.string(), other);
  EXPECT_THAT(refusal(), testing::HasSubstr("some other safetensors file"));
  EXPECT_THAT(refusal(), testing::HasSubstr("not a reward model of a table"));
}

TEST_F(TableModelFile, RefusesPartsThatDoNotFitTogether) {
  save_table_model(path_.string(), fit(TransformKind::whiten));
  const Safetensors good = read_safetensors(path_.string());

  Safetensors bad = good;
  for (const double head : {99.0, -1.0, 0.5}) {
    bad.tensors["deployment_heads"].values[1] = head;
    write_safetensors(path_.string(), bad);
    EXPECT_THAT(refusal(), testing::HasSubstr("names a readout that is not there"));
  }

  for (const double scale : {0.0, 1.5}) {
    bad = good;
    bad.tensors["deployment_scales"].values[0] = scale;
    write_safetensors(path_.string(), bad);
    EXPECT_THAT(refusal(), testing::HasSubstr("scale is not in (0, 1]"));
  }

  for (const double beta : {-1.0, std::nan("")}) {
    bad = good;
    bad.tensors["deployment_betas"].values[0] = beta;
    write_safetensors(path_.string(), bad);
    EXPECT_THAT(refusal(), testing::HasSubstr("deployment_betas = "));
  }

  for (const char* name :
       {"landmarks", "kernel_arc_0", "kernel_laplace_0", "kernel_product_0", "kernel_parts_0",
        "kernel_shares", "importance", "round_errors", "reward_mean", "readouts", "intercepts",
        "transform_mean", "transform_scale", "linear", "linear_intercept", "reward_sd",
        "head_ess"}) {
    bad = good;
    bad.tensors[name].values[0] = std::nan("");
    write_safetensors(path_.string(), bad);
    EXPECT_THAT(refusal(), testing::HasSubstr("tensor " + std::string(name) + " holds nan"));
  }

  bad = good;
  bad.tensors["ceiling"].values[0] = std::nan("");
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr("ceiling is no number"));

  bad = good;
  bad.metadata["encoding"] = "{";
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr(path_.string()));

  bad = good;
  bad.tensors["transform_scale"].values.pop_back();
  bad.tensors["transform_scale"].shape = {2};
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr("transform_scale has 2 entries where 3 belong"));

  bad = good;
  bad.tensors["linear"].values = {1};
  bad.tensors["linear"].shape = {1};
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr("tensor linear"));

  bad = good;
  bad.metadata["esscher_table_model"] = "4";
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr("update esscher"));

  bad = good;
  bad.metadata["esscher_table_model"] = "1";
  write_safetensors(path_.string(), bad);
  EXPECT_THAT(refusal(), testing::HasSubstr("no longer reads; fit it again"));
}

}  // namespace
}  // namespace esscher
