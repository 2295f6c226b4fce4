// Preferences that are stated as pairs.
#include <cmath>
#include <limits>

#include "dataset_files.h"
#include "esscher/io/safetensors.h"

namespace esscher {
namespace {

using Rows = std::vector<std::vector<double>>;
using Names = std::vector<std::string>;
using Numbers = std::vector<double>;
using Ids = std::vector<std::uint32_t>;

constexpr double kMissingLabel = std::numeric_limits<double>::quiet_NaN();

class DatasetPairs : public DatasetFiles {
 protected:
  /// Three pairs with two features, as columns of a table; \p more columns and their values.
  DatasetOptions table(const std::string& more = "", const std::string& a = "",
                       const std::string& b = "", const std::string& c = "") const {
    DatasetOptions options;
    options.data = put("p.csv", "chosen_u,rejected_u,chosen_v,rejected_v" + more + "\n1,2,3,4" + a +
                                    "\n5,6,7,8" + b + "\n9,1,5,2" + c + "\n");
    options.chosen = "chosen_";
    options.rejected = "rejected_";
    return options;
  }
  DatasetOptions arrays() const {
    DatasetOptions options;
    options.chosen = put_array("c.npy", {1, 3, 5, 7, 9, 5}, 2);
    options.rejected = put_array("r.npy", {2, 4, 6, 8, 1, 2}, 2);
    return options;
  }
};

TEST_F(DatasetPairs, ColumnsOfBothSidesAreOneFeature) {
  const Dataset data = load_dataset(table());
  EXPECT_EQ(data.feature_names, (Names{"u", "v"}));
  EXPECT_EQ(rows_of(data), (Rows{{1, 3}, {2, 4}, {5, 7}, {6, 8}, {9, 5}, {1, 2}}));
  EXPECT_EQ(data.rewards, (Numbers{0.5, -0.5, 0.5, -0.5, 0.5, -0.5}));
  EXPECT_EQ(data.groups, (Ids{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(data.group_names, (Names{"1", "2", "3"}));
  ASSERT_TRUE(data.preferences);
  EXPECT_EQ(data.preferences->pairs, 3U);
  EXPECT_EQ(data.preferences->ties, 0U);
  // No side is there twice: each pair may go alone.
  EXPECT_TRUE(data.clusters.empty());
}

TEST_F(DatasetPairs, ArraysAndKeysOfOneFileAreTheSamePairs) {
  const Rows expected = rows_of(load_dataset(table()));
  const Dataset data = load_dataset(arrays());
  EXPECT_EQ(rows_of(data), expected);
  EXPECT_EQ(data.feature_names, (Names{"x0", "x1"}));
  EXPECT_EQ(data.encoding.array_columns, 2U);
  DatasetOptions options;
  options.data = path("t.safetensors");
  write_safetensors(options.data, {{{"yes", {{3, 2}, {1, 3, 5, 7, 9, 5}}},
                                    {"no", {{3, 2}, {2, 4, 6, 8, 1, 2}}},
                                    {"m", {{3}, {0, 1, 2}}}},
                                   {}});
  options.chosen = "yes";
  options.rejected = "no";
  options.margin = "m";
  const Dataset keys = load_dataset(options);
  EXPECT_EQ(rows_of(keys), expected);
  EXPECT_EQ(keys.preferences->ties, 1U);
}

TEST_F(DatasetPairs, MarginsAreLogOddsAndNoMarginIsATie) {
  DatasetOptions options = table(",m", ",0", ",1", ",3");
  options.margin = "m";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"u", "v"}));
  EXPECT_EQ(data.preferences->ties, 1U);
  for (const auto& [pair, margin] : {std::pair(0U, 0.0), std::pair(1U, 1.0), std::pair(2U, 3.0)}) {
    const double share = 1 / (1 + std::exp(-margin));
    EXPECT_NEAR(data.rewards[2 * pair], share - 0.5, 1e-15);
    EXPECT_EQ(data.rewards[2 * pair + 1], -data.rewards[2 * pair]);
  }
  // The same beside arrays, from a table.
  DatasetOptions beside = arrays();
  beside.data = put("m.csv", "m\n0\n1\n3\n");
  beside.margin = "m";
  EXPECT_EQ(load_dataset(beside).rewards, data.rewards);
  beside.data = "";
  beside.margin = put_array("m.npy", {0, 1, 3});
  EXPECT_EQ(load_dataset(beside).rewards, data.rewards);
}

TEST_F(DatasetPairs, TiesWeightsAndClustersAreOfPairs) {
  DatasetOptions options = table(",t,w,who", ",1,2,a", ",0,0,b", ",0,1,a");
  options.tie = "t";
  options.weight = "w";
  options.cluster = "who";
  const Dataset data = load_dataset(options);
  const double log2 = std::log(2.0);
  EXPECT_EQ(data.rewards, (Numbers{0, 0, 0.5, -0.5}));
  EXPECT_EQ(data.log_weights, (Numbers{log2, log2, 0, 0}));
  EXPECT_EQ(data.clusters, (Ids{0, 0, 0, 0}));
  EXPECT_EQ(data.preferences->ties, 1U);
  EXPECT_EQ(remark(data, "left of"), "2 pairs are left of 3 (1 of weight 0).");
  // A side's own column drops both.
  options = table(",chosen_by,rejected_by", ",x,y", ",y,x", ",y,y");
  options.exclude = {"chosen_by=x"};
  EXPECT_EQ(rows_of(load_dataset(options)).size(), 4U);
}

TEST_F(DatasetPairs, StatementsBothWaysAreCountedAndStayTogether) {
  DatasetOptions options;
  // Pairs 1 and 3 are one, both ways; 2 and 5 share a side; the last sides are the same.
  options.data = put("p.csv", "c_x,r_x\n1,2\n3,4\n2,1\n5,6\n4,9\n10,11\n12,13\n14,15\n7,7\n");
  options.chosen = "c_";
  options.rejected = "r_";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.preferences->pairs, 8U);
  EXPECT_EQ(data.preferences->contradictory, 1U);
  EXPECT_EQ(data.clusters, (Ids{0, 0, 1, 1, 0, 0, 2, 2, 1, 1, 3, 3, 4, 4, 5, 5}));
  EXPECT_EQ(data.cluster_count, 6U);
  EXPECT_EQ(rows_of(data).back(), (Numbers{15}));
  EXPECT_EQ(remark(data, "same features on both sides"),
            "1 pair has the same features on both sides, from which nothing can be learned; "
            "dropped.");
  EXPECT_EQ(remark(data, "stay in one fold"),
            "Pairs that share the features of a side stay in one fold: 6 clusters, the largest of "
            "2 pairs.");
}

TEST_F(DatasetPairs, SidesThatJoinNearlyAllKeepOnlyTheSamePairTogether) {
  DatasetOptions options;
  options.data = put("p.csv", "c_x,r_x\n1,2\n2,3\n3,1\n1,2\n4,1\n");
  options.chosen = "c_";
  options.rejected = "r_";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.clusters, (Ids{0, 0, 1, 1, 2, 2, 0, 0, 3, 3}));
  EXPECT_NE(remark(data, "join 5 of 5 pairs"), "");
}

TEST_F(DatasetPairs, FoldsStayBesideThePairsThatAreLeft) {
  DatasetOptions options;
  // The second pair's sides are the same, and nothing else is of fold m.
  options.data = put("p.csv", "c_x,r_x,f\n1,2,k\n3,3,m\n5,6,l\n10,11,l\n12,13,k\n14,15,l\n");
  options.chosen = "c_";
  options.rejected = "r_";
  options.fold = "f";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.folds, (Ids{0, 0, 1, 1, 1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(data.fold_names, (Names{"k", "l"}));
  options.data = put("p.csv", "c_x,r_x,f\n1,2,k\n3,3,m\n5,6,k\n");
  EXPECT_EQ(refusal(options), "data: p.csv: --fold = f: 1 fold in 2 pairs; at least 2 are needed");
}

TEST_F(DatasetPairs, PairsThatShareASideAreOfOneFold) {
  DatasetOptions options;
  options.chosen = "c_";
  options.rejected = "r_";
  options.fold = "f";
  // Numbers are those of the file: the first pair is dropped.
  options.data = put("p.csv", "c_x,r_x,f\n7,7,k\n1,2,k\n3,4,k\n4,5,l\n10,11,l\n12,13,k\n14,15,l\n");
  EXPECT_EQ(refusal(options),
            "data: p.csv: --fold = f: pairs 3 and 4 share the features of a side, and lie in folds "
            "'k' and 'l'; put them into one, or leave --fold out");
  options.data = put("p.csv", "c_x,r_x,f\n1,2,k\n2,3,l\n3,1,k\n2,1,l\n4,1,k\n");
  EXPECT_EQ(refusal(options),
            "data: p.csv: --fold = f: pairs 1 and 4 have the same two sides, and lie in folds 'k' "
            "and 'l'; put them into one, or leave --fold out");
  options.data = put("p.csv", "c_x,r_x,f,who\n1,2,k,ann\n3,4,l,bob\n5,6,l,ann\n");
  options.cluster = "who";
  EXPECT_EQ(refusal(options),
            "data: p.csv: --fold = f: the cluster 'ann' lies in folds 'k' (pair 1) and 'l' (pair "
            "3); a fold must hold the whole of it");
}

TEST_F(DatasetPairs, ALabelOfASidesNameIsNotThatSide) {
  DatasetOptions options = table(",chosen_m,rejected_m,m", ",1,2,0", ",3,4,1", ",5,6,3");
  options.margin = "m";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"u", "v", "m"}));
  EXPECT_EQ(rows_of(data)[2], (Numbers{5, 7, 3}));
  EXPECT_EQ(data.preferences->ties, 1U);
}

TEST_F(DatasetPairs, ListsWithoutANameAreCalledX) {
  DatasetOptions options;
  options.data =
      put("p.jsonl", "{\"yes\": [1, 3], \"no\": [2, 4]}\n{\"yes\": [5, 7], \"no\": [6, 8]}\n");
  options.chosen = "yes";
  options.rejected = "no";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"x[0]", "x[1]"}));
  EXPECT_NE(remark(data, "must name its list x"), "");
  DatasetOptions other;
  other.data = put("new.jsonl", "{\"x\": [1, 2]}\n");
  EXPECT_EQ(rows_of(load_features(other, data.encoding)), (Rows{{1, 2}}));
}

TEST_F(DatasetPairs, BadSidesAreRefused) {
  DatasetOptions options = table();
  options.rejected = "";
  EXPECT_EQ(refusal(options),
            "usage: --rejected: missing; --chosen names one side of pairs, name the other too");
  options = table(",chosen_w", ",1", ",2", ",3");
  EXPECT_EQ(refusal(options),
            "usage: --rejected = rejected_: p.csv has the column 'chosen_w' but no 'rejected_w'; "
            "both sides must have the same columns");
  options = table();
  options.chosen = "choosen_";
  options.rejected = "other_";
  EXPECT_EQ(refusal(options),
            "usage: --chosen = choosen_: no column of p.csv begins so; it has 'chosen_u', "
            "'rejected_u', 'chosen_v', 'rejected_v'");
  options = table();
  options.reward = "chosen_u";
  EXPECT_EQ(refusal(options),
            "usage: --reward = chosen_u: pairs have no reward, only a side that is preferred; "
            "leave it out");
  options = arrays();
  put_array("r.npy", {1, 2, 3, 4}, 2);
  EXPECT_EQ(refusal(options),
            "data: c.npy has shape (3, 2) and r.npy has shape (2, 2); the sides of pairs must lie "
            "beside each other, row by row");
  options = arrays();
  put_array("r.npy", {2, 4, 6, kMissingLabel, 1, 2}, 2);
  EXPECT_EQ(refusal(options),
            "data: r.npy: row 2, column x1: nan; remove the row, or fit with --impute mean");
  options = arrays();
  options.table = put("m.csv", "m\n1\n1\n");
  options.margin = "m";
  EXPECT_EQ(refusal(options),
            "data: c.npy has 3 rows and m.csv has 2; they must lie beside each other, row by row");
  DatasetOptions alone;
  alone.data = put("x.csv", "a,y\n1,2\n2,3\n");
  alone.reward = "y";
  alone.margin = "a";
  EXPECT_EQ(refusal(alone),
            "usage: --margin = a: is for pairs only; name their sides with --chosen and "
            "--rejected");
}

TEST_F(DatasetPairs, BadMarginsAndTiesAreRefused) {
  DatasetOptions options = table(",m", ",1", ",-2", ",3");
  options.margin = "m";
  EXPECT_NE(refusal(options).find("p.csv: row 2, column m: the margin -2 is negative"),
            std::string::npos)
      << refusal(options);
  options = table(",m", ",1", ",", ",3");
  options.margin = "m";
  EXPECT_NE(refusal(options).find("row 2, column m: no margin"), std::string::npos);
  options = table(",t", ",1", ",1", ",1");
  options.tie = "t";
  EXPECT_EQ(refusal(options),
            "data: p.csv: all 3 pairs are ties; there is no preference to learn from");
  options = table(",t", ",1", ",2", ",1");
  options.tie = "t";
  EXPECT_NE(refusal(options).find("row 2, column t: 2 is neither 1, a tie, nor 0"),
            std::string::npos);
  options = arrays();
  options.rejected = put_array("same.npy", {1, 3, 5, 7, 9, 5}, 2);
  EXPECT_EQ(refusal(options),
            "data: c.npy: no pair is left: all 3 have the same features on both sides");
}

}  // namespace
}  // namespace esscher
