// Features of shape (prompts, candidates, dim), whose first axis tells the groups.
#include <cmath>
#include <limits>

#include "../support/file_bytes.h"
#include "dataset_files.h"
#include "esscher/io/safetensors.h"

namespace esscher {
namespace {

using Rows = std::vector<std::vector<double>>;
using Names = std::vector<std::string>;

constexpr double kNoCandidate = std::numeric_limits<double>::quiet_NaN();

class PromptAxis : public DatasetFiles {
 protected:
  /// An array of float64 of any shape, "2, 3, 1".
  std::string put_shaped(const std::string& name, const std::string& shape,
                         const std::vector<double>& values, bool fortran = false) const {
    std::string bytes;
    for (const double value : values) bytes += little_endian(value);
    return put(name, npy_file(std::string("{'descr': '<f8', 'fortran_order': ") +
                                  (fortran ? "True" : "False") + ", 'shape': (" + shape + "), }\n",
                              bytes));
  }
  /// 2 prompts of 3 candidates in two dimensions, and a reward each.
  DatasetOptions two_prompts() const {
    DatasetOptions options;
    options.data = put_shaped("x.npy", "2, 3, 2", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    options.reward = put_array("y.npy", {1, 2, 3, 4, 5, 6}, 3);
    return options;
  }
};

TEST_F(PromptAxis, GroupsAreTheFirstAxis) {
  const Dataset data = load_dataset(two_prompts());
  EXPECT_EQ(rows_of(data), (Rows{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}}));
  EXPECT_EQ(data.groups, (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(data.group_names, (Names{"1", "2"}));
  EXPECT_EQ(data.rewards, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(data.prompts, 2U);
  EXPECT_EQ(data.candidates, 3U);
  EXPECT_EQ(data.encoding.array_columns, 2U);
  EXPECT_EQ(remark(data, "Groups"), "Groups are the first axis: 2 prompts of 3 candidates.");
}

TEST_F(PromptAxis, TheOrderOfTheFileChangesNothing) {
  DatasetOptions options = two_prompts();
  const Dataset plain = load_dataset(options);
  // Element (i, j, k) lies at i + 2 (j + 3 k).
  options.data =
      put_shaped("f.npy", "2, 3, 2", {1, 7, 3, 9, 5, 11, 2, 8, 4, 10, 6, 12}, /*fortran=*/true);
  options.reward = put_shaped("g.npy", "2, 3", {1, 4, 2, 5, 3, 6}, /*fortran=*/true);
  const Dataset fortran = load_dataset(options);
  EXPECT_EQ(rows_of(fortran), rows_of(plain));
  EXPECT_EQ(fortran.rewards, plain.rewards);
  EXPECT_EQ(fortran.groups, plain.groups);
}

TEST_F(PromptAxis, MissingCandidatesAreDroppedWithACount) {
  DatasetOptions options = two_prompts();
  options.reward = put_array("y.npy", {1, kNoCandidate, 3, 4, 5, kNoCandidate}, 3);
  const Dataset data = load_dataset(options);
  EXPECT_EQ(rows_of(data), (Rows{{1, 2}, {5, 6}, {7, 8}, {9, 10}}));
  EXPECT_EQ(data.groups, (std::vector<std::uint32_t>{0, 0, 1, 1}));
  EXPECT_EQ(data.source_rows, (std::vector<std::uint64_t>{0, 2, 3, 4}));
  EXPECT_EQ(data.dropped_missing_reward, 2U);
  EXPECT_EQ(remark(data, "rows are left"), "4 rows are left of 6 (2 without a reward).");
}

TEST_F(PromptAxis, WeightsAndClustersAreOfPromptsOrOfCandidates) {
  DatasetOptions options = two_prompts();
  options.weight = put_array("w.npy", {1, 2});
  options.cluster = put_array("c.npy", {7, 7});
  const Dataset shared = load_dataset(options);
  const double log2 = std::log(2.0);
  EXPECT_EQ(shared.log_weights, (std::vector<double>{0, 0, 0, log2, log2, log2}));
  EXPECT_EQ(shared.cluster_count, 1U);
  options.weight = put_array("w.npy", {1, 0, 1, 1, 2, 1}, 3);
  options.gold = put_array("g.npy", {6, 5, 4, 3, 2, 1}, 3);
  const Dataset own = load_dataset(options);
  EXPECT_EQ(own.log_weights, (std::vector<double>{0, 0, 0, log2, 0}));
  EXPECT_EQ(own.gold, (std::vector<double>{6, 4, 3, 2, 1}));
  EXPECT_EQ(own.dropped_zero_weight, 1U);
}

TEST_F(PromptAxis, KeysOfOneFileAndATableBesideItServe) {
  DatasetOptions options;
  options.data = path("t.safetensors");
  write_safetensors(
      options.data,
      {{{"embeddings", {{2, 2, 1}, {1, 2, 3, 4}}}, {"labels", {{2, 2, 1}, {4, 3, 2, 1}}}}, {}});
  options.reward = "labels";
  EXPECT_EQ(load_dataset(options).rewards, (std::vector<double>{4, 3, 2, 1}));
  options.table = put("t.csv", "y\n5\n6\n\n8\n");
  options.reward = "y";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.rewards, (std::vector<double>{5, 6, 8}));
  EXPECT_EQ(data.groups, (std::vector<std::uint32_t>{0, 0, 1}));
}

TEST_F(PromptAxis, OtherShapesAndNamedGroupsAreRefused) {
  DatasetOptions options = two_prompts();
  options.reward = put_array("y.npy", {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(refusal(options),
            "data: y.npy: --reward has shape (6,); beside x.npy, whose first axes are prompts and "
            "candidates, it must have shape (2, 3); reshape it");
  options.reward = put_array("y.npy", {1, 2, 3, 4, 5, 6}, 2);
  EXPECT_EQ(refusal(options),
            "data: y.npy: --reward has shape (3, 2); beside x.npy, whose first axes are prompts "
            "and candidates, it must have shape (2, 3); reshape it");
  options = two_prompts();
  options.weight = put_array("w.npy", {1, 2, 3});
  EXPECT_EQ(refusal(options),
            "data: w.npy: --weight has shape (3,); beside x.npy, whose first axes are prompts and "
            "candidates, it must have shape (2, 3) or (2,); reshape it");
  options = two_prompts();
  options.group = put_array("g.npy", {1, 2});
  EXPECT_NE(refusal(options).find("the first axis of x.npy tells the groups, 2 prompts of 3 "
                                  "candidates; leave it out, or reshape the array to rows"),
            std::string::npos)
      << refusal(options);
  options = two_prompts();
  options.table = put("t.csv", "y\n5\n6\n");
  options.reward = "y";
  EXPECT_EQ(refusal(options),
            "data: x.npy has 6 rows, shape (2, 3, 2), and t.csv has 2; they must lie beside each "
            "other, row by row");
}

TEST_F(PromptAxis, FeaturesStayInTheirFile) {
  // Only what is gathered is looked at: a value that no feature may have shows when its row is
  // read.
  DatasetOptions options = two_prompts();
  options.data = put_shaped("x.npy", "2, 3, 2", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, kNoCandidate});
  const Dataset data = load_dataset(options);
  EXPECT_EQ(refusal([&] { rows_of(data); }),
            "data: x.npy: row 6, column x1: nan; remove the row, or fit with --impute mean");
}

}  // namespace
}  // namespace esscher
