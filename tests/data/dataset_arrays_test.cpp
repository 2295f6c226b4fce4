// Datasets whose features lie in arrays, and datasets for predictions.
#include <limits>

#include "dataset_files.h"
#include "esscher/io/safetensors.h"

namespace esscher {
namespace {

using Rows = std::vector<std::vector<double>>;
using Names = std::vector<std::string>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class DatasetArrays : public DatasetFiles {};
class DatasetPrediction : public DatasetFiles {
 protected:
  std::string refusal_of(const DatasetOptions& options, const FeatureEncoding& encoding) const {
    return refusal([&] { rows_of(load_features(options, encoding)); });
  }
};

TEST_F(DatasetArrays, FeaturesAndLabelsLieInArrays) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, 3, 4, 5, 6, 7, 8}, 2);
  options.reward = put_array("y.npy", {1, kNan, 3, 4});
  options.group = put_array("g.npy", {7, 7, 8, 7});
  const Dataset data = load_dataset(options);
  EXPECT_EQ(rows_of(data), (Rows{{1, 2}, {5, 6}, {7, 8}}));
  EXPECT_EQ(data.feature_names, (Names{"x0", "x1"}));
  EXPECT_EQ(data.rewards, (std::vector<double>{1, 3, 4}));
  EXPECT_EQ(data.group_names, (Names{"7", "8"}));
  EXPECT_EQ(data.dropped_missing_reward, 1U);
  EXPECT_EQ(data.encoding.array_columns, 2U);
}

TEST_F(DatasetArrays, ATableAddsLabelsAndFeatures) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, 3, 4, 5, 6, 7, 8, 9}, 3);
  options.table = put("t.csv", "s,n,x1,y\nu,10,-1,1\nv,20,-1,2\nw,30,-1,3\n");
  options.reward = "y";
  options.exclude = {"s=v"};
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"x0", "x1", "x2"}));
  options.features = "x2,x0,n";
  options.one_hot = "s";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"x0", "x2", "s=u", "s=w", "n"}));
  EXPECT_EQ(rows_of(data), (Rows{{1, 3, 1, 0, 10}, {7, 9, 0, 1, 30}}));
  options.features = "x1:x2";
  options.one_hot = "";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{2, 3}, {8, 9}}));
}

TEST_F(DatasetArrays, SafetensorsHoldFeaturesAndLabelsUnderKeys) {
  DatasetOptions options;
  options.data = path("t.safetensors");
  write_safetensors(
      options.data,
      {{{"embeddings", {{3, 2}, {1, 2, 3, 4, 5, 6}}}, {"labels", {{3}, {1, kNan, 2}}}}, {}});
  options.reward = "labels";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1, 2}, {5, 6}}));
  options.reward = "label";
  EXPECT_NE(refusal(options).find("--reward = "), std::string::npos) << refusal(options);
  options.embeddings_key = "x";
  EXPECT_NE(refusal(options).find("--embeddings-key = "), std::string::npos) << refusal(options);
}

TEST_F(DatasetArrays, NumbersThatAreNotFiniteAreRefusedWhereTheyAreGathered) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, 3, kNan, 5, 6}, 2);
  options.reward = put_array("y.npy", {1, 2, 3});
  EXPECT_EQ(refusal(options),
            "data: x.npy: row 2, column x1: nan; remove the row, or fit with --impute mean");
  options.advises_impute = false;
  EXPECT_EQ(refusal(options), "data: x.npy: row 2, column x1: nan; remove the row");
  options.features = "x0";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1}, {3}, {5}}));
  options.features = "";
  options.data = put_array("inf.npy", {1, 2, 3, -kInfinity, 5, 6}, 2);
  EXPECT_EQ(refusal(options), "data: inf.npy: row 2, column x1: -inf; features must be finite");
  options.impute_mean = true;
  EXPECT_EQ(refusal(options), "data: inf.npy: row 2, column x1: -inf; features must be finite");
}

TEST_F(DatasetArrays, MissingNumbersAreImputedByMeansOverTheRowsKept) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, kNan, 4, 5, kNan, 9, 9}, 2);
  options.table = put("t.csv", "n,y\n1,1\n2,2\n,3\n4,\n");
  options.features = "x*,n";
  options.reward = "y";
  options.impute_mean = true;
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.encoding.impute_means, (std::vector<double>{3, 3, 1.5}));
  EXPECT_EQ(rows_of(data), (Rows{{1, 2, 1}, {3, 4, 2}, {5, 3, 1.5}}));
  EXPECT_NE(remark(data, "2 missing values imputed"), "");
  // The recorded means serve a prediction, where row 4 stays as well.
  options.reward = "";
  EXPECT_EQ(rows_of(load_features(options, data.encoding)),
            (Rows{{1, 2, 1}, {3, 4, 2}, {5, 3, 1.5}, {9, 9, 4}}));
  options.data = put_array("none.npy", {1, kNan, 2, kNan, 3, kNan, 4, kNan}, 2);
  options.reward = "y";
  EXPECT_NE(refusal(options).find("column x1: no row kept has a value"), std::string::npos);
}

TEST_F(DatasetArrays, UnequalLengthsAreRefused) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, 3});
  options.reward = put_array("y.npy", {1, 2});
  const std::string remedy = "; they must lie beside each other, row by row";
  EXPECT_EQ(refusal(options), "data: x.npy has 3 rows and y.npy has 2 rows" + remedy);
  options.reward = put_array("y.npy", {1, 2, 3, 4});
  EXPECT_EQ(refusal(options), "data: x.npy has 3 rows and y.npy has 4 rows" + remedy);
  options.reward = "y";
  options.table = put("t.csv", "y\n1\n2\n3\n4\n5\n");
  EXPECT_EQ(refusal(options), "data: x.npy has 3 rows and t.csv has 5" + remedy);
}

TEST_F(DatasetArrays, LabelsThatAreNowhereAreRefused) {
  DatasetOptions options;
  options.data = put_array("x.npy", {1, 2, 3});
  options.reward = "y";
  EXPECT_EQ(refusal(options),
            "usage: --reward = y: an npy file has no columns; give the labels' own .npy file, or a "
            "--table with this column");
  options.reward = put_array("wide.npy", {1, 2, 3, 4, 5, 6}, 2);
  EXPECT_EQ(refusal(options), "data: wide.npy: --reward must have one number a row; it has 2");
  options.reward = put_array("y.npy", {1, kInfinity, 3});
  EXPECT_EQ(refusal(options), "data: y.npy: row 2: inf is not finite");
  options.table = put("t.csv", "s\nu\nv\nu\n");
  options.one_hot = "x0";
  EXPECT_NE(refusal(options).find("'x0' is a column of an array"), std::string::npos);
}

TEST_F(DatasetPrediction, FindsTheColumnsByNameAndKeepsEveryRow) {
  DatasetOptions fit;
  fit.data = put("fit.csv", "a,s,q,y\n1,u,AAC,1\n2,v,AGC,2\n3,u,AGT,3\n");
  fit.one_hot = "s,q:sequence";
  fit.reward = "y";
  const Dataset fitted = load_dataset(fit);
  DatasetOptions options;
  options.data = put("new.csv", "more,q,s,a\n,AGT,v,7\n,AAT,u,8\n");
  const Dataset data = load_features(options, fitted.encoding);
  EXPECT_EQ(data.feature_names, fitted.feature_names);
  EXPECT_EQ(data.encoding, fitted.encoding);
  EXPECT_EQ(rows_of(data), (Rows{{7, 0, 1, 0, 1, 0, 1}, {8, 1, 0, 1, 0, 0, 1}}));
  EXPECT_TRUE(data.rewards.empty());
  // The table of the fit gives the features of the fit.
  EXPECT_EQ(rows_of(load_features(fit, fitted.encoding)), rows_of(fitted));
}

TEST_F(DatasetPrediction, TablesThatDoNotFitTheModelAreRefused) {
  DatasetOptions fit;
  fit.data = put("fit.csv", "age,s,q,y\n1,u,AAC,1\n2,v,AGC,2\n");
  fit.one_hot = "s,q:sequence";
  fit.reward = "y";
  const FeatureEncoding encoding = load_dataset(fit).encoding;
  const auto with = [&](const std::string& bytes) {
    DatasetOptions options;
    options.data = put("new.csv", bytes);
    return refusal_of(options, encoding);
  };
  EXPECT_EQ(with("ages,s,q\n1,u,AAC\n"),
            "usage: the model was fitted on feature 'age', which new.csv lacks; is it 'ages'?");
  EXPECT_EQ(with("age,s,q\n1,w,AAC\n"),
            "data: new.csv: row 1, column s: 'w', which the model was not fitted on; it knows 'u', "
            "'v': leave such rows out");
  EXPECT_EQ(with("age,s,q\n1,u,TAC\n"),
            "data: new.csv: row 1, column q: position 1 has 'T', which the model was not fitted "
            "on; it knows 'A': leave such rows out");
  EXPECT_EQ(with("age,s,q\n1,u,AACC\n"),
            "data: new.csv: row 1, column q: 4 symbols where the model has sequences of 3");
  EXPECT_EQ(with("age,s,q\n,u,AAC\n"),
            "data: new.csv: row 1, column age: missing, 1 row in all; remove them, or fit with "
            "--impute mean");
  EXPECT_EQ(with("age,s,q\n1,,AAC\n"),
            "data: new.csv: row 1, column s: missing; give missing values a name of their own, "
            "such as 'none'");
  EXPECT_EQ(with("age,s,q\n"), "data: new.csv: 0 rows are left of 0; at least 1 is needed");
}

TEST_F(DatasetPrediction, ArraysOfAnotherWidthAreRefused) {
  DatasetOptions fit;
  fit.data = put_array("x.npy", {1, 2, 3, 4, 5, 6}, 3);
  fit.reward = put_array("y.npy", {1, 2});
  fit.features = "x0,x2";
  const FeatureEncoding encoding = load_dataset(fit).encoding;
  DatasetOptions options;
  options.data = put_array("new.npy", {7, 8, 9}, 3);
  EXPECT_EQ(rows_of(load_features(options, encoding)), (Rows{{7, 9}}));
  options.data = put_array("wide.npy", {7, 8, 9, 10}, 4);
  EXPECT_EQ(refusal_of(options, encoding),
            "usage: the model was fitted on an array of 3 columns, and wide.npy has 4; are these "
            "the same features?");
  options.data = put_array("narrow.npy", {7, 8}, 2);
  EXPECT_EQ(refusal_of(options, encoding),
            "usage: the model was fitted on feature 'x2', which narrow.npy lacks; it has 'x0', "
            "'x1'");
}

TEST_F(DatasetPrediction, AnExclusionThatNoRowMeetsIsOnlyRemarked) {
  DatasetOptions options;
  options.data = put("t.csv", "a,s,y\n1,u,1\n2,v,2\n");
  options.features = "a";
  options.reward = "y";
  const FeatureEncoding encoding = load_dataset(options).encoding;
  options.exclude = {"s=w"};
  EXPECT_EQ(remark(load_features(options, encoding), "s=w"),
            "No row has s=w, which --exclude names.");
  // A constant reward can be evaluated.
  options.exclude = {"s=v"};
  EXPECT_EQ(load_features(options, encoding).rewards, (std::vector<double>{1}));
}

}  // namespace
}  // namespace esscher
