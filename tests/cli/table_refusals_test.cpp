// Arrays and tables that cannot be used: one line that names the place, the value and the remedy.

#include <gtest/gtest.h>

#include <limits>

#include "arrays.h"
#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

constexpr double kNoReward = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// x.npy and y.npy that can be fitted, and what is written beside or over them.
class TableRefusals : public testing::Test {
 protected:
  TableRefusals() {
    folder_.write("x.npy", array_npy(array_features(), 2));
    folder_.write("y.npy", array_npy(array_rewards()));
  }

  /// What fit says, which leaves no model behind.
  std::string fit(const Words& data) const {
    Words words{"fit", "--beta", "1", "-o", "m.safetensors"};
    words.insert(words.end(), data.begin(), data.end());
    const std::string line = refused(words, folder_);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "m.safetensors"));
    return line;
  }
  std::string evaluate(Words data) const {
    data.insert(data.begin(), "evaluate");
    return refused(data, folder_);
  }
  /// What fit says of these bytes as features.
  std::string of_features(const std::string& bytes) const {
    folder_.write("bad.npy", bytes);
    return fit({"bad.npy", "--reward", "y.npy"});
  }
  std::string of_option(const std::string& option, const std::vector<double>& values) const {
    folder_.write("bad.npy", array_npy(values));
    Words words{"x.npy", option, "bad.npy"};
    if (option != "--reward") words.insert(words.end(), {"--reward", "y.npy"});
    return fit(words);
  }
  /// Fits \p data, which must work; then what predict says of \p other, which leaves no file.
  std::string predict(const Words& data, const Words& other) const {
    Words words{"fit", "--beta", "1", "-o", "m.safetensors"};
    words.insert(words.end(), data.begin(), data.end());
    const Outcome outcome = run(words, folder_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    words = {"predict", "m.safetensors", "-o", "r.npy"};
    words.insert(words.end(), other.begin(), other.end());
    const std::string line = refused(words, folder_);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "r.npy"));
    return line;
  }

  Folder folder_;
};

TEST_F(TableRefusals, UnequalLengthsNameBothFilesAndCounts) {
  std::vector<double> shorter = array_rewards();
  shorter.pop_back();
  const std::string remedy = "must lie beside each other, row by row";
  folder_.write("short.csv", "y\n1\n2\n3\n");
  expect_parts(fit({"x.npy", "--table", "short.csv", "--reward", "y"}),
               {"65 ", "x.npy", "80 rows", "short.csv", "3", remedy});
  expect_parts(of_option("--reward", shorter),
               {"65 ", "x.npy", "80 rows", "bad.npy", "79 rows", remedy});
  expect_parts(of_option("--group", shorter),
               {"65 ", "x.npy", "80 rows", "bad.npy", "79 rows", remedy});
  folder_.write("d.npz", NamedArrays{.rewards = shorter}.npz());
  expect_parts(fit({"d.npz"}), {"65 ", "d.npz", "80 rows", "d.npz[labels]", "79 rows", remedy});
  folder_.write("d.safetensors", NamedArrays{.rewards = shorter}.safetensors());
  expect_parts(fit({"d.safetensors"}), {"65 ", "d.safetensors", "80 rows", "79 rows", remedy});
  folder_.write("a.csv", "a\n1\n2\n3\n4\n");
  expect_parts(fit({"a.csv", "--table", "short.csv", "--reward", "y"}),
               {"65 ", "a.csv has 4 rows", "short.csv has 3", remedy});
}

TEST_F(TableRefusals, NumbersThatAreNotFiniteNameRowAndColumn) {
  std::vector<double> features = array_features();
  features[2 * 41 + 1] = kNoReward;
  expect_parts(of_features(array_npy(features, 2)),
               {"65 ", "bad.npy", "row 42", "column x1", "nan", "--impute mean"});
  expect_parts(of_features(array_npy(features, 2, Element::f16, true)),
               {"65 ", "bad.npy", "row 42", "column x1", "nan", "--impute mean"});
  features[2 * 41 + 1] = -kInfinity;
  for (const char* impute : {"none", "mean"}) {
    folder_.write("bad.npy", array_npy(features, 2, Element::f32));
    expect_parts(fit({"bad.npy", "--reward", "y.npy", "--impute", impute}),
                 {"65 ", "bad.npy", "row 42", "column x1", "-inf", "must be finite"});
  }
  std::vector<double> rewards = array_rewards();
  rewards[7] = kInfinity;
  expect_parts(of_option("--reward", rewards), {"65 ", "bad.npy", "row 8", "inf", "not finite"});
}

TEST_F(TableRefusals, APredictionNamesRowAndColumnAsWell) {
  std::vector<double> features = array_features();
  features[2 * 3] = kNoReward;
  folder_.write("new.npy", array_npy(features, 2));
  expect_parts(predict({"x.npy", "--reward", "y.npy"}, {"new.npy"}),
               {"65 ", "new.npy", "row 4", "column x0", "nan", "--impute mean"});
}

TEST_F(TableRefusals, FilesThatAreCutSayByHowMuch) {
  const std::string whole = array_npy(array_features(), 2);
  expect_parts(of_features(whole.substr(0, whole.size() - 9)),
               {"65 ", "bad.npy", "truncated", "9 bytes are missing", "write or copy"});
  expect_parts(of_features(whole.substr(0, 30)), {"65 ", "bad.npy", "truncated", "30 bytes"});
  expect_parts(of_features(""), {"65 ", "bad.npy"});
  expect_parts(of_features("a,b\n1,2\n"), {"65 ", "bad.npy", "not a whole .npy file"});
  const std::string tensors = NamedArrays{}.safetensors();
  folder_.write("d.safetensors", tensors.substr(0, tensors.size() - 5));
  expect_parts(fit({"d.safetensors"}), {"65 ", "d.safetensors", "truncated", "5 bytes"});
  const std::string archive = NamedArrays{}.npz();
  folder_.write("d.npz", archive.substr(0, archive.size() - 40));
  expect_parts(fit({"d.npz"}), {"65 ", "d.npz", "truncated", "write or copy it again"});
}

TEST_F(TableRefusals, AHeaderThatClaimsMoreThanTheFileHoldsIsNotBelieved) {
  const std::string bytes = array_bytes(array_features());
  expect_parts(of_features(npy_file(npy_dictionary("<f8", "1000000, 2"), bytes)),
               {"65 ", "bad.npy", "truncated", "15998720 bytes are missing"});
  // 2^62 rows of two doubles are more bytes than 64 bits count.
  expect_parts(of_features(npy_file(npy_dictionary("<f8", "4611686018427387904, 2"), bytes)),
               {"65 ", "bad.npy", "(4611686018427387904, 2)", "more bytes than can be counted"});
  expect_parts(of_features(npy_file(npy_dictionary("<f8", "79, 2"), bytes)),
               {"65 ", "bad.npy", "16 bytes follow"});
}

TEST_F(TableRefusals, ElementsThatAreNoNumbersSayWhatTheyAreAndHowToConvert) {
  const std::string bytes = array_bytes(array_features());
  for (const auto& [type, shape, what] :
       {std::tuple("<U2", "80, 2", "text"), std::tuple("<c16", "80, 1", "complex numbers"),
        std::tuple("|O", "80, 2", "Python objects")}) {
    expect_parts(of_features(npy_file(npy_dictionary(type, shape), bytes)),
                 {"65 ", "bad.npy", type, what, ".astype("});
  }
  expect_parts(of_features(npy_file(npy_dictionary("<f8", "80, 2, 1, 1"), bytes)),
               {"65 ", "bad.npy", "4 dimensions", "(80, 2, 1, 1)", "reshape"});
  std::string complex = NamedArrays{}.safetensors();
  complex.replace(complex.find("F64"), 3, "C64");
  folder_.write("d.safetensors", complex);
  expect_parts(fit({"d.safetensors"}),
               {"65 ", "d.safetensors", "tensor embeddings", "C64", "can be read"});
}

TEST_F(TableRefusals, ArraysOfAnotherWidthAreNotPredicted) {
  std::vector<double> wide = array_features();
  wide.resize(150);
  folder_.write("wide.npy", array_npy(wide, 3));
  folder_.write("narrow.npy", array_npy(array_rewards(), 1));
  const Words data{"x.npy", "--reward", "y.npy"};
  expect_parts(predict(data, {"wide.npy"}),
               {"64 ", "array of 2 columns", "wide.npy has 3", "the same features?"});
  expect_parts(predict(data, {"narrow.npy"}), {"64 ", "feature 'x1'", "narrow.npy lacks", "'x0'"});
  folder_.write("new.csv", data_csv(false));
  expect_parts(predict(data, {"new.csv"}), {"64 ", "feature 'x0'", "new.csv lacks", "'a', 'b'"});
}

TEST_F(TableRefusals, KeysThatAreNotThereNameThoseThatAre) {
  const NamedArrays arrays{.features_key = "hidden"};
  folder_.write("d.npz", arrays.npz());
  folder_.write("d.safetensors", arrays.safetensors());
  for (const std::string file : {"d.npz", "d.safetensors"}) {
    expect_parts(fit({file}), {"64 ", "--embeddings-key = embeddings", file, "'hidden', 'labels'"});
    expect_parts(fit({file, "--embeddings-key", "hiden"}),
                 {"64 ", "--embeddings-key = hiden", "did you mean 'hidden'?"});
    expect_parts(fit({file, "--embeddings-key", "hidden", "--reward", "label"}),
                 {"64 ", "--reward = label", "did you mean 'labels'?"});
  }
}

TEST_F(TableRefusals, LabelsThatAreNotAColumnOfNumbersSayWhy) {
  expect_parts(fit({"x.npy"}), {"64 ", "--reward: missing"});
  expect_parts(fit({"x.npy", "--reward", "y"}),
               {"64 ", "--reward = y", "no columns", ".npy file", "--table"});
  expect_parts(fit({"x.npy", "--reward", "x.npy"}),
               {"65 ", "x.npy", "--reward", "one number a row", "2"});
  expect_parts(fit({"x.npy", "--reward", "none.npy"}), {"74 ", "none.npy", "cannot be read"});
  expect_parts(fit({"none.npy", "--reward", "y.npy"}), {"74 ", "none.npy", "cannot be read"});
  expect_parts(fit({"x.npy", "--table", "y.npy", "--reward", "y"}),
               {"64 ", "--table = y.npy", "must be a table of text", ".csv, .tsv, .txt or .jsonl"});
  expect_parts(fit({"x.dat", "--reward", "y.npy"}), {"64 ", "x.dat", ".npy"});
}

TEST_F(TableRefusals, NegativeAndMissingWeightsNameTheirRow) {
  std::vector<double> weights(kArrayRows, 1.0);
  weights[9] = -2;
  expect_parts(of_option("--weight", weights),
               {"65 ", "bad.npy", "row 10", "-2", "negative", "how often a row counts"});
  weights[9] = kNoReward;
  expect_parts(of_option("--weight", weights), {"65 ", "bad.npy", "row 10", "no weight"});
  expect_parts(of_option("--weight", std::vector<double>(kArrayRows, 0.0)),
               {"65 ", "x.npy", "0 rows are left of 80", "80 of weight 0"});
}

TEST_F(TableRefusals, RewardsThatTeachNothingSaySo) {
  expect_parts(of_option("--reward", std::vector<double>(kArrayRows, 0.5)),
               {"65 ", "x.npy", "bad.npy", "0.5", "all 80 rows", "nothing to learn"});
  expect_parts(of_option("--reward", std::vector<double>(kArrayRows, kNoReward)),
               {"65 ", "x.npy", "0 rows are left of 80", "80 without a reward"});
}

TEST_F(TableRefusals, GroupsThatCannotBeLearnedFromSaySo) {
  expect_parts(of_option("--group", std::vector<double>(kArrayRows, 3.0)),
               {"65 ", "--group: ", "all 80 rows", "one group", "apart, or none"});
  std::vector<double> alone;
  for (int i = 0; i < kArrayRows; ++i) alone.push_back(i);
  expect_parts(of_option("--group", alone), {"65 ", "rewards", "within any group"});
  alone[5] = kNoReward;
  expect_parts(of_option("--group", alone), {"65 ", "bad.npy", "row 6", "no group"});
}

TEST_F(TableRefusals, FewerRowsOrGroupsThanFoldsNameTheOption) {
  folder_.write("few.csv", "a,y\n1,2\n2,3\n3,5\n");
  expect_parts(fit({"few.csv", "--reward", "y", "--folds", "5"}),
               {"64 ", "--folds = 5", "only 3 rows", "at most 3"});
  expect_parts(evaluate({"few.csv", "--reward", "y"}),
               {"64 ", "--evaluation-folds = 5", "only 3 rows", "at most 3"});
  folder_.write("g.npy", array_npy(array_groups()));
  expect_parts(
      evaluate({"x.npy", "--reward", "y.npy", "--group", "g.npy", "--evaluation-folds", "30"}),
      {"64 ", "--evaluation-folds = 30", "only 20 groups", "at most 20"});
}

TEST_F(TableRefusals, LevelsThatTheFitHasNotSeenAreNamedWithThoseItKnows) {
  std::string text = "s,q,y\n";
  for (int i = 0; i < 18; ++i) {
    text += std::string(1, "uvw"[i / 6]) + "," + "AC"[i % 2] + "GTC"[i % 3] + "," +
            std::to_string(i * i % 7) + "\n";
  }
  folder_.write("text.csv", text);
  const Words data{"text.csv", "--one-hot", "s,q:sequence", "--reward", "y"};
  folder_.write("level.csv", "s,q\nu,AG\nz,AG\n");
  expect_parts(predict(data, {"level.csv"}),
               {"65 ", "level.csv", "row 2", "column s", "'z'", "not fitted on", "'u', 'v', 'w'",
                "leave such rows out"});
  const Outcome skipped =
      run({"predict", "m.safetensors", "level.csv", "--skip-unknown", "-o", "r.csv"}, folder_);
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  EXPECT_NE(skipped.err.find("1 row is left of 2 (1 of letters or levels that no fit has seen)"),
            std::string::npos)
      << skipped.err;
  EXPECT_TRUE(read_file(folder_.path() / "r.csv").starts_with("row,reward\n1,"));
  EXPECT_EQ(run({"predict", "m.safetensors", "level.csv", "--skip-unknown", "-o", "r.npy"}, folder_)
                .exit_code,
            64);
  folder_.write("symbol.csv", "s,q\nu,AG\nu,AA\n");
  expect_parts(predict(data, {"symbol.csv"}),
               {"65 ", "symbol.csv", "row 2", "column q", "position 2", "'A'", "'C', 'G', 'T'"});
  folder_.write("length.csv", "s,q\nu,AGG\n");
  expect_parts(predict(data, {"length.csv"}),
               {"65 ", "length.csv", "row 1", "column q", "3 symbols", "sequences of 2"});
}

TEST_F(TableRefusals, TablesThatAreMalformedNameThePlace) {
  const auto said = [&](const std::string& text) {
    folder_.write("t.csv", text);
    return fit({"t.csv", "--reward", "y"});
  };
  expect_parts(said("a,y\n1,2\n2,3,4\n"), {"65 ", "t.csv", "row 2", "3 fields", "2", "quote"});
  expect_parts(said("a,y\n1,2\n3\n"), {"65 ", "t.csv", "row 2", "1 field", "2"});
  expect_parts(said("a,a,y\n1,2,3\n"),
               {"65 ", "t.csv", "header", "columns 1 and 2", "'a'", "rename one"});
  expect_parts(said("\xff,y\n1,2\n"), {"65 ", "t.csv", "header", "0xFF", "save the file as UTF-8"});
  expect_parts(said("a,y\n1,2\n\xff,2\n"),
               {"65 ", "t.csv", "row 2", "field 1", "0xFF", "save the file as UTF-8"});
  expect_parts(said("a,y\n1,x\n2,3\n"),
               {"65 ", "t.csv", "row 1", "column y", "'x'", "empty field"});
  expect_parts(said("a,y\n"), {"65 ", "t.csv", "0 rows are left of 0"});
  expect_parts(said("a,y\n1,2\n2,2\n3,2\n"), {"65 ", "t.csv", "y", "2", "all 3 rows"});
}

// Data that are not there would be told of later.
TEST_F(TableRefusals, AFileThatCannotBeWrittenIsToldBeforeTheWork) {
  for (const char* command : {"fit", "predict", "sample"}) {
    Words words{command, "none.csv", "-o", "nowhere/out"};
    if (words[0] == "fit") words.insert(words.end(), {"--reward", "y"});
    if (words[0] == "predict") words.emplace_back("x.npy");
    if (words[0] == "sample") words.insert(words.end(), {"--beta", "1", "--samples", "3"});
    expect_parts(refused(words, folder_),
                 {"74 ", "-o = nowhere/out", "cannot be written", "in a folder that exists"});
    words[3] = ".";
    expect_parts(refused(words, folder_), {"74 ", "-o = .", "it is a folder"});
    folder_.write("old", "kept");
    words[3] = "old";
    expect_parts(refused(words, folder_), {"74 ", "none.csv", "cannot be read"});
    EXPECT_EQ(read_file(folder_.path() / "old"), "kept");
  }
}

TEST_F(TableRefusals, PredictionsAreWrittenAsWhatTheNameSays) {
  for (const char* name : {"r.txt", "r.tsv", "r.csv.gz", "r.parquet"}) {
    expect_parts(refused({"predict", "none.safetensors", "x.npy", "-o", name}, folder_),
                 {"64 ", std::string("-o = ") + name, "let the name end in .npy or .csv"});
  }
}

TEST_F(TableRefusals, AModelOfAnotherKindIsNotTaken) {
  const Outcome simulated = run(
      {"simulate", "--link", "tanh", "--dim", "20", "--feature-samples", "200", "--readout-samples",
       "200", "--deployment-temperature", "1", "--policy-samples", "1000", "-o", "sim", "--quiet"},
      folder_);
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  folder_.write("d.safetensors", NamedArrays{}.safetensors());
  for (const std::string model : {"sim/model.safetensors", "d.safetensors", "x.npy"}) {
    expect_parts(refused({"predict", model, "x.npy", "-o", "r.npy"}, folder_), {"65 ", model});
  }
  expect_parts(refused({"predict", "none.safetensors", "x.npy", "-o", "r.npy"}, folder_),
               {"74 ", "none.safetensors", "cannot be read"});
  expect_parts(predict({"x.npy", "--reward", "y.npy"}, {"x.npy", "--weights", "label"}),
               {"64 ", "--weights = label", "fit one with --weights label"});
  expect_parts(
      refused({"sample", "m.safetensors", "--beta", "1", "--samples", "3", "-o", "s.npy"}, folder_),
      {"65 ", "m.safetensors", "some other safetensors file"});
}

}  // namespace
}  // namespace esscher::cli
