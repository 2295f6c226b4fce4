#include "esscher/data/dataset.h"

#include <cmath>

#include "dataset_files.h"

namespace esscher {
namespace {

using Kind = EncodedColumn::Kind;
using Rows = std::vector<std::vector<double>>;
using Names = std::vector<std::string>;

class DatasetTest : public DatasetFiles {};

TEST_F(DatasetTest, TakesAllFreeNumericColumnsByDefaultAndSaysSo) {
  DatasetOptions options;
  options.data = put("t.csv", "id,a,b,who,g,w,y,z\n1,2,3,x,p,1,10,5\n4,5,6,y,q,2,11,6\n");
  options.reward = "y";
  options.gold = "z";
  options.group = "g";
  options.weight = "w";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"id", "a", "b"}));
  EXPECT_EQ(rows_of(data), (Rows{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(data.rewards, (std::vector<double>{10, 11}));
  EXPECT_EQ(data.gold, (std::vector<double>{5, 6}));
  EXPECT_EQ(data.log_weights, (std::vector<double>{0, std::log(2.0)}));
  EXPECT_EQ(data.group_names, (Names{"p", "q"}));
  EXPECT_EQ(data.rows_read, 2U);
  EXPECT_EQ(remark(data, "by default: 'id'"),
            "Numeric features, by default: 'id', 'a', 'b'; --features chooses others.");
  EXPECT_EQ(remark(data, "'who'"),
            "'who' (text, 'x') is left out: its 2 distinct values in 2 rows say little as "
            "categories.");
}

TEST_F(DatasetTest, FeaturesAreChosenByName) {
  DatasetOptions options;
  options.data = put("t.csv", "a,b,c,who,y\n1,2,3,x,10\n4,5,6,y,11\n");
  options.reward = "y";
  options.features = "c,a";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1, 3}, {4, 6}}));
  options.features = "!a";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"b", "c"}));
  options.features = "none";
  options.one_hot = "who";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"who=x", "who=y"}));
}

TEST_F(DatasetTest, DropsRowsAndCountsWhy) {
  DatasetOptions options;
  // The excluded row's and the unrewarded row's features are not even read.
  options.data = put("t.csv",
                     "a,s,g,w,y\nbad,human,u,x,1\n1,m1,u,1,1\nbad,m1,u,x,NA\n2,m2,v,0,1\n"
                     "3,m2,v,2,2\n4,m3,u,3,3\n5,7.0,v,1,4\n");
  options.features = "a";
  options.reward = "y";
  options.group = "g";
  options.weight = "w";
  options.exclude = {"s=human", "s=7"};
  const Dataset data = load_dataset(options);
  EXPECT_EQ(rows_of(data), (Rows{{1}, {3}, {4}}));
  EXPECT_EQ(data.source_rows, (std::vector<std::uint64_t>{1, 4, 5}));
  EXPECT_EQ(data.groups, (std::vector<std::uint32_t>{0, 1, 0}));
  EXPECT_EQ(data.group_names, (Names{"u", "v"}));
  EXPECT_EQ(data.rows_read, 7U);
  EXPECT_EQ(data.dropped_excluded, 2U);
  EXPECT_EQ(data.dropped_missing_reward, 1U);
  EXPECT_EQ(data.dropped_zero_weight, 1U);
}

TEST_F(DatasetTest, CategoriesAndSequencesAreToldApart) {
  DatasetOptions options;
  // 8 x 9 = 72 texts of length 3, the middle symbol the same in all.
  std::string bytes = "s,y\n";
  for (int i = 0; i < 72; ++i) {
    bytes += std::string{static_cast<char>('A' + i / 9), 'K', static_cast<char>('I' - i % 9)} +
             "," + std::to_string(i) + "\n";
  }
  options.data = put("t.csv", bytes);
  options.reward = "y";
  options.one_hot = "s";
  const Dataset data = load_dataset(options);
  ASSERT_EQ(data.encoding.columns.size(), 1U);
  EXPECT_EQ(data.encoding.columns[0].kind, Kind::sequence);
  EXPECT_EQ(data.encoding.width(), 17U);
  EXPECT_EQ(data.feature_names[0], "s[1]=A");
  EXPECT_EQ(data.feature_names[8], "s[3]=A");
  EXPECT_NE(remark(data, "1 position of 3 that never vary"), "");
  // Row 10 is "BKI": the second level of position 1, the ninth of position 3.
  std::vector<double> expected(17, 0.0);
  expected[1] = expected[16] = 1;
  EXPECT_EQ(rows_of(data)[9], expected);

  options.one_hot = "s:category";
  const Dataset categories = load_dataset(options);
  EXPECT_EQ(categories.encoding.columns[0].kind, Kind::category);
  EXPECT_EQ(categories.encoding.width(), 72U);
  EXPECT_NE(remark(categories, "72 distinct values in 72 rows"), "");

  options.data = put("few.csv", "s,y\nAC,1\nGT,2\nAC,3\n");
  options.one_hot = "s";
  EXPECT_EQ(load_dataset(options).encoding.columns[0].kind, Kind::category);
  options.one_hot = "s:sequence";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"s[1]=A", "s[1]=G", "s[2]=C", "s[2]=T"}));
}

TEST_F(DatasetTest, EveryOneHotBlockSumsToOne) {
  DatasetOptions options;
  options.data = put("t.csv", "s,c,n,y\nA\u00e9,u,1,1\nB\u00e8,v,2,2\nA\u00e8,w,3,3\n");
  options.one_hot = "s:sequence,c";
  options.features = "n";
  options.reward = "y";
  const Dataset data = load_dataset(options);
  const std::vector<int> blocks = data.encoding.blocks();
  EXPECT_EQ(blocks, (std::vector<int>{0, 0, 1, 1, 2, 2, 2, -1}));
  for (const auto& row : rows_of(data)) {
    std::vector<double> sums(3);
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (blocks[j] >= 0) sums[static_cast<std::size_t>(blocks[j])] += row[j];
    }
    EXPECT_EQ(sums, (std::vector<double>{1, 1, 1}));
  }
}

TEST_F(DatasetTest, RowsAreGatheredInAnyOrderAndNumber) {
  std::string bytes = "a,s,y\n";
  for (int i = 0; i < 1500; ++i) {
    bytes += std::to_string(i) + "," + "uvw"[i % 3] + "," + std::to_string(i % 7) + "\n";
  }
  DatasetOptions options;
  options.data = put("t.csv", bytes);
  options.one_hot = "s";
  options.features = "all";  // a numbers the rows
  options.reward = "y";
  const Dataset data = load_dataset(options);
  std::vector<std::uint64_t> rows;
  for (std::uint64_t i = 0; i < 1300; ++i) rows.push_back(i * 7919 % 1500);
  // A wider matrix around it must stay as it is.
  Matrix<double> around(rows.size(), 6, -7);
  data.features->gather(rows, {around.data() + 1, rows.size(), 4, 6});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(around(i, 0), -7);
    ASSERT_EQ(around(i, 5), -7);
    ASSERT_EQ(around(i, 1), static_cast<double>(rows[i]));
    for (std::size_t j = 0; j < 3; ++j) ASSERT_EQ(around(i, 2 + j), rows[i] % 3 == j ? 1 : 0);
  }
  EXPECT_THROW(data.features->gather(std::vector<std::uint64_t>{1500}, around.view()),
               InternalError);
}

TEST_F(DatasetTest, ATableBesideSuppliesLabels) {
  DatasetOptions options;
  options.data = put("x.csv", "id,sys,a\n1,h,5\n2,m,6\n3,m,7\n");
  options.table = put("y.csv", "id,sys,y\n1,h,1\n2.0,m,2\n3,m,3\n");
  options.reward = "y";
  options.group = "id";
  options.exclude = {"sys=h"};
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"a"}));
  EXPECT_EQ(rows_of(data), (Rows{{6}, {7}}));
  EXPECT_EQ(data.rewards, (std::vector<double>{2, 3}));
  // The group is named as the table of labels has it.
  EXPECT_EQ(data.group_names, (Names{"2.0", "3"}));

  options.table = put("swapped.csv", "id,sys,y\n1,h,1\n3,m,2\n2,m,3\n");
  EXPECT_EQ(refusal(options),
            "data: swapped.csv: row 2, column id: '3' where x.csv has '2'; put the rows in one "
            "order, or rename the column");
  options.table = put("short.csv", "id,y\n1,1\n");
  options.exclude.clear();
  EXPECT_EQ(refusal(options),
            "data: x.csv has 3 rows and short.csv has 1; they must lie beside each other, row by "
            "row");
}

TEST_F(DatasetTest, MissingFeaturesAreRefusedOrImputed) {
  DatasetOptions options;
  options.data = put("t.csv", "a,b,y\n1,2,1\n,3,2\n5,nan,3\n9,9,\n");
  options.reward = "y";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 2, column a: missing, 1 row in all; remove them, or fit with "
            "--impute mean, or leave the column out by --features '!a'");
  options.impute_mean = true;
  const Dataset data = load_dataset(options);
  EXPECT_EQ(rows_of(data), (Rows{{1, 2}, {3, 3}, {5, 2.5}}));
  EXPECT_EQ(data.encoding.impute_means, (std::vector<double>{3, 2.5}));
  EXPECT_EQ(remark(data, "'a': 1 missing"), "Column 'a': 1 missing value imputed by the mean, 3.");
  options.data = put("none.csv", "a,b,y\n,1,1\n,2,2\n");
  options.features = "a,b";
  EXPECT_NE(refusal(options).find("column a: no row kept has a value"), std::string::npos);
  options.features = "";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"b"}));
}

TEST_F(DatasetTest, FeaturesThatNeverVaryAreNamed) {
  DatasetOptions options;
  options.data = put("t.csv", "a,b,c,y\n1,2,u,1\n1,3,u,2\n");
  options.one_hot = "c";
  options.reward = "y";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(remark(data, "'a'"),
            "Column 'a' is not among the features taken by default: it never varies.");
  EXPECT_EQ(remark(data, "'c' never"), "Column 'c' never varies: 'u' in all rows.");
  EXPECT_EQ(data.features->columns(), 2U);
  options.features = "all";
  const Dataset all = load_dataset(options);
  EXPECT_EQ(remark(all, "'a' never"), "Column 'a' never varies: 1 in all rows.");
  EXPECT_EQ(all.features->columns(), 3U);
}

// What an export carries along is named and left out, unless it is asked for.
TEST_F(DatasetTest, ColumnsThatAreNoFeaturesAreLeftOut) {
  std::string bytes = "Unnamed: 0,sample_id,fold_random_5,x,near,bin,y\n";
  for (int i = 0; i < 60; ++i) {
    const double y = std::sin(37.0 * i);
    bytes += std::to_string(i) + "," + std::to_string(100000 + i * 7919 % 60 * 977) + "," +
             std::to_string(i % 5) + "," + std::to_string(std::cos(11.0 * i)) + "," +
             std::to_string(y + 0.05 * std::cos(5.0 * i)) + "," + (y > 0 ? "1" : "0") + "," +
             std::to_string(y) + "\n";
  }
  DatasetOptions options;
  options.data = put("export.csv", bytes);
  options.reward = "y";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"x", "near"}));
  EXPECT_NE(remark(data, "'Unnamed: 0'").find("row numbers"), std::string::npos);
  EXPECT_NE(remark(data, "'sample_id'").find("identifier"), std::string::npos);
  EXPECT_NE(remark(data, "'fold_random_5'").find("split"), std::string::npos);
  EXPECT_NE(remark(data, "'bin'").find("order"), std::string::npos);
  EXPECT_NE(remark(data, "'near' alone").find("--features '!near'"), std::string::npos);
  EXPECT_NE(remark(data, "by default: 'x'").find("all takes"), std::string::npos);
  options.features = "all";
  EXPECT_EQ(load_dataset(options).feature_names.size(), 6U);
  options.features = "x,bin";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"x", "bin"}));
  // Alone, a function of the reward is what there is to learn from.
  options.features = "!x,!near,!Unnamed*,!sample_id,!fold*";
  const Dataset alone = load_dataset(options);
  EXPECT_EQ(alone.feature_names, (Names{"bin"}));
  EXPECT_NE(remark(alone, "is it known"), "");
}

TEST_F(DatasetTest, InfeasibleRewardsAreTheLowest) {
  DatasetOptions options;
  options.data = put("t.csv", "a,y\n1,2\n2,-inf\n3,-1\n4,-999\n");
  options.features = "a";
  options.reward = "y";
  EXPECT_NE(refusal(options).find("row 2, column y: -inf is not finite; --infeasible=-inf"),
            std::string::npos);
  options.infeasible = "-inf";
  EXPECT_EQ(load_dataset(options).rewards, (std::vector<double>{2, -999, -1, -999}));
  options.data = put("n.csv", "a,y\n1,2\n2,-999\n3,-1\n4,-999\n");
  options.infeasible = "-999";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.rewards, (std::vector<double>{2, -1, -1, -1}));
  EXPECT_EQ(remark(data, "infeasible"),
            "2 rewards of -999, infeasible, are learned as the lowest of the others, -1.");
  options.infeasible = "no";
  EXPECT_NE(refusal(options).find("--infeasible = no"), std::string::npos) << refusal(options);
  options.infeasible = "inf";
  EXPECT_NE(refusal(options).find("must be -inf or a number"), std::string::npos);
  options.data = put("all.csv", "a,y\n1,-1\n2,-1\n");
  options.infeasible = "-1";
  EXPECT_NE(refusal(options).find("all 2 are infeasible"), std::string::npos);
}

TEST_F(DatasetTest, BadLabelsAreRefused) {
  DatasetOptions options;
  options.data = put("t.csv", "a,g,w,z,n,y\n1,u,1,1,-1,1\n2,,,,1,2\n3,u,1,inf,1,2\n");
  options.features = "a";
  options.reward = "y";
  options.group = "g";
  EXPECT_EQ(refusal(options), "data: t.csv: row 2, column g: no group; name one in every row");
  options.group = "";
  options.weight = "n";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 1, column n: the weight -1 is negative; weights say how often a row "
            "counts");
  options.weight = "w";
  EXPECT_EQ(refusal(options), "data: t.csv: row 2, column w: no weight; give one in every row");
  options.weight = "";
  options.gold = "z";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 2, column z: no gold reward; give one wherever there is a reward");
  options.gold = "";
  options.reward = "z";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 3, column z: 'inf' is not finite; give a number or nothing");
  options.reward = "g";
  EXPECT_NE(refusal(options).find("row 1, column g: 'u' is not a number"), std::string::npos);
}

TEST_F(DatasetTest, TooFewRowsAndConstantRewardsAreRefused) {
  DatasetOptions options;
  options.data = put("t.csv", "a,w,y\n1,1,1\n2,0,1\n3,1,\n");
  options.features = "a";
  options.reward = "y";
  options.weight = "w";
  EXPECT_EQ(refusal(options),
            "data: t.csv: 1 row is left of 3 (1 without a reward, 1 of weight 0); at least 2 are "
            "needed");
  options.weight = "";
  EXPECT_EQ(refusal(options),
            "data: t.csv: the reward y is 1 in all 2 rows; there is nothing to learn from it");
  options.data = put("empty.csv", "a,w,y\n");
  EXPECT_EQ(refusal(options), "data: empty.csv: 0 rows are left of 0; at least 2 are needed");
}

TEST_F(DatasetTest, GlobsAndRangesLeaveLabelsOut) {
  DatasetOptions options;
  options.data = put("t.csv", "a1,a_group,a_y,a2\n1,7,1,2\n2,8,2,3\n3,8,4,5\n");
  options.reward = "a_y";
  options.group = "a_group";
  options.features = "a*";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1, 2}, {2, 3}, {3, 5}}));
  options.features = "a_y:a2";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{2}, {3}, {5}}));
  // Who names one means it.
  options.features = "a_*,a_group";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{7}, {8}, {8}}));
}

TEST_F(DatasetTest, BadChoicesAreRefused) {
  const std::string table = put("t.csv", "a,s,reward,b\n1,AC,1,2\n2,GTA,2,3\n");
  const auto with = [&](const char* features, const char* one_hot, const char* reward,
                        const char* exclude = "") {
    DatasetOptions options;
    options.data = table;
    options.features = features;
    options.one_hot = one_hot;
    options.reward = reward;
    if (*exclude != '\0') options.exclude = {exclude};
    return refusal(options);
  };
  EXPECT_EQ(with("a,reward", "", "reward"),
            "usage: --features = a,reward: the reward 'reward' cannot be a feature; leave it out "
            "with '!reward'");
  EXPECT_NE(with("a", "reward", "reward").find("--one-hot = reward: the reward"),
            std::string::npos);
  EXPECT_EQ(with("a", "", "rewrd"),
            "usage: --reward = rewrd: t.csv has no such column; did you mean 'reward'?");
  EXPECT_EQ(with("a,s", "s", "reward"),
            "usage: --features = a,s: 's' is expanded by --one-hot already; name it in one of the "
            "two");
  EXPECT_EQ(
      with("a", "s:category,s:sequence", "reward"),
      "usage: --one-hot = s:category,s:sequence: 's' can be only one of category, sequence and "
      "mutations; change 's:sequence'");
  EXPECT_EQ(with("none", "", "reward"),
            "usage: --features = 'none': no feature is left; choose columns of numbers, or expand "
            "text by --one-hot");
  EXPECT_NE(with("s", "", "reward").find("row 1, column s: 'AC' is not a number"),
            std::string::npos);
  EXPECT_EQ(with("a", "s:sequence", "reward"),
            "data: t.csv: row 2, column s: 3 symbols where row 1 has 2; sequences must have one "
            "length");
  EXPECT_EQ(with("a", "", "reward", "s"),
            "usage: --exclude = s: must be column=value; for example system=human");
  EXPECT_EQ(with("a", "", "reward", "s=AG"),
            "usage: --exclude = s=AG: no row has this value; write it as it stands in t.csv");
  EXPECT_EQ(with("a", "", "reward", "bb=1"),
            "usage: --exclude = bb=1: no column is named 'bb'; the columns are 'a', 's', "
            "'reward', 'b'");
  DatasetOptions options;
  options.data = put("text.csv", "s,y\nu,1\nv,2\n");
  options.reward = "y";
  EXPECT_EQ(refusal(options),
            "usage: --features = '': no column that is free to be a feature holds numbers; expand "
            "columns of text by --one-hot");
  options.data = path("t.what");
  EXPECT_NE(refusal(options).find("the extension says what a file holds"), std::string::npos);
  options.data = "";
  EXPECT_EQ(refusal(options), "usage: --data = '': must not be empty; name the features' file");
}

TEST_F(DatasetTest, ColumnsWithTooManyLevelsAreRefused) {
  std::string bytes = "s,y\n";
  for (int i = 0; i < 65536; ++i) {
    bytes += std::to_string(i) + "," + std::to_string(i % 5) + "\n";
  }
  DatasetOptions options;
  options.data = put("t.csv", bytes);
  options.reward = "y";
  options.one_hot = "s";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 65536, column s: neither a category (more than 65535 distinct "
            "values, too many for a category; is it an identifier?) nor a sequence (2 symbols "
            "where row 1 has 1; sequences must have one length)");
}

}  // namespace
}  // namespace esscher
