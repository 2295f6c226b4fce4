// esscher fit, predict and evaluate on arrays: the file that numbers lie in changes no result.

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "arrays.h"
#include "program.h"
#include "refusals.h"

namespace esscher::cli {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The file of rewards that a model fitted on \p data predicts of it; \p report takes the fit's.
std::string predictions(const Folder& folder, const Words& data, const Words& fit_only = {},
                        std::string* report = nullptr) {
  const Words files = with({"fit"}, data);
  const Outcome fit =
      run(with(with(files, fit_only), {"--beta", "1", "-o", "m.safetensors"}), folder);
  EXPECT_EQ(fit.exit_code, 0) << fit.err;
  if (report != nullptr) *report = fit.out;
  const Outcome predict =
      run(with(with({"predict", "m.safetensors"}, data), {"-o", "r.npy"}), folder);
  EXPECT_EQ(predict.exit_code, 0) << predict.err;
  return read_file(folder.path() / "r.npy");
}

/// Of the rows as a csv file.
std::string csv_predictions() {
  const Folder folder;
  folder.write("x.csv", array_csv(true));
  return predictions(folder, {"x.csv"}, {"--reward", "y", "--features", "a,b"});
}

TEST(ArrayTables, NpyOfEveryTypeAndOrderPredictsTheBitsOfTheCsvFile) {
  const std::string expected = csv_predictions();
  EXPECT_EQ(expected.size() % 64, 0U);
  EXPECT_GT(expected.size(), kArrayRows * sizeof(double));
  for (const Element type : {Element::f16, Element::f32, Element::f64}) {
    for (const bool fortran : {false, true}) {
      const Folder folder;
      folder.write("x.npy", array_npy(array_features(), 2, type, fortran));
      folder.write("y.npy", array_npy(array_rewards(), 0, type));
      EXPECT_EQ(predictions(folder, {"x.npy"}, {"--reward", "y.npy"}), expected)
          << static_cast<int>(type) << " " << fortran;
    }
  }
}

TEST(ArrayTables, NpzHoldsEmbeddingsAndLabelsByDefault) {
  for (const Element type : {Element::f16, Element::f32, Element::f64}) {
    const Folder folder;
    folder.write("d.npz", NamedArrays{.type = type}.npz());
    EXPECT_EQ(predictions(folder, {"d.npz"}), csv_predictions()) << static_cast<int>(type);
  }
}

TEST(ArrayTables, NpzWithOtherKeysIsReadByThem) {
  const Folder folder;
  folder.write("d.npz", NamedArrays{.features_key = "hidden", .rewards_key = "score"}.npz());
  EXPECT_EQ(predictions(folder, {"d.npz", "--embeddings-key", "hidden"}, {"--reward", "score"}),
            csv_predictions());
}

TEST(ArrayTables, SafetensorsOfEveryTypePredictTheBitsOfTheCsvFile) {
  const std::string expected = csv_predictions();
  for (const Element type : {Element::f16, Element::bf16, Element::f32, Element::f64}) {
    const Folder folder;
    folder.write("d.safetensors", NamedArrays{.type = type}.safetensors());
    EXPECT_EQ(predictions(folder, {"d.safetensors"}), expected) << static_cast<int>(type);
    folder.write("d.safetensors",
                 NamedArrays{.features_key = "hidden", .type = type}.safetensors());
    EXPECT_EQ(predictions(folder, {"d.safetensors", "--embeddings-key", "hidden"}), expected)
        << static_cast<int>(type);
  }
}

TEST(ArrayTables, RowsWhoseLabelIsNanAreDroppedAndCounted) {
  NamedArrays all;
  NamedArrays kept;
  for (const std::size_t row : {70, 41, 3}) {
    all.rewards[row] = kNan;
    kept.rewards.erase(kept.rewards.begin() + static_cast<std::ptrdiff_t>(row));
    const auto at = kept.features.begin() + static_cast<std::ptrdiff_t>(2 * row);
    kept.features.erase(at, at + 2);
  }
  const Folder folder;
  folder.write("all.safetensors", all.safetensors());
  folder.write("kept.safetensors", kept.safetensors());
  std::string report;
  const std::string whole = predictions(folder, {"all.safetensors"}, {}, &report);
  EXPECT_TRUE(report.starts_with("77 rows, 2 features")) << report;
  EXPECT_NE(report.find("77 rows are left of 80 (3 without a reward)"), std::string::npos)
      << report;
  // The model is that of the rows with a label alone.
  ASSERT_EQ(
      run({"fit", "kept.safetensors", "--beta", "1", "-o", "k.safetensors"}, folder).exit_code, 0);
  ASSERT_EQ(
      run({"predict", "k.safetensors", "all.safetensors", "-o", "again.npy"}, folder).exit_code, 0);
  EXPECT_EQ(read_file(folder.path() / "again.npy"), whole);
}

TEST(ArrayTables, ATableBesideAnArrayGivesItsLabels) {
  const Folder folder;
  folder.write("x.npy", array_npy(array_features(), 2));
  folder.write("labels.csv", array_csv(false));
  EXPECT_EQ(predictions(folder, {"x.npy", "--table", "labels.csv"}, {"--reward", "y"}),
            csv_predictions());
}

TEST(ArrayTables, APredictionFromAnArrayNeedsNoLabels) {
  const Folder folder;
  folder.write("d.npz", NamedArrays{}.npz());
  const std::string expected = predictions(folder, {"d.npz"});
  folder.write("x.npy", array_npy(array_features(), 2, Element::f32, true));
  ASSERT_EQ(run({"predict", "m.safetensors", "x.npy", "-o", "x_r.npy"}, folder).exit_code, 0);
  EXPECT_EQ(read_file(folder.path() / "x_r.npy"), expected);
}

/// policies.csv of an evaluation.
std::string evaluation(const Folder& folder, const Words& data) {
  const Outcome outcome = run(
      with(with({"evaluate"}, data), {"--beta", "1,0.5", "--bootstrap", "100", "--format", "csv"}),
      folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

TEST(ArrayTables, EvaluationIsTheSameFromEveryFile) {
  const Folder folder;
  folder.write("x.csv", array_csv(true));
  folder.write("x.npy", array_npy(array_features(), 2, Element::f16, true));
  folder.write("y.npy", array_npy(array_rewards(), 0, Element::f16));
  folder.write("g.npy", array_npy(array_groups()));
  folder.write("labels.csv", array_csv(false));
  folder.write("d.npz", NamedArrays{.type = Element::f32}.npz());
  folder.write("d.safetensors", NamedArrays{.type = Element::bf16}.safetensors());
  const std::string alone = evaluation(folder, {"x.csv", "--reward", "y", "--features", "a,b"});
  EXPECT_GT(std::count(alone.begin(), alone.end(), '\n'), 2);
  EXPECT_EQ(evaluation(folder, {"x.npy", "--reward", "y.npy"}), alone);
  EXPECT_EQ(evaluation(folder, {"d.npz"}), alone);
  EXPECT_EQ(evaluation(folder, {"d.safetensors"}), alone);
  const std::string grouped =
      evaluation(folder, {"x.csv", "--reward", "y", "--features", "a,b", "--group", "prompt"});
  EXPECT_NE(grouped, alone);
  EXPECT_EQ(evaluation(folder, {"x.npy", "--reward", "y.npy", "--group", "g.npy"}), grouped);
  EXPECT_EQ(
      evaluation(folder, {"x.npy", "--table", "labels.csv", "--reward", "y", "--group", "prompt"}),
      grouped);
}

TEST(ArrayTables, AnAuditSaysWhereScoresMustBe) {
  const Folder folder;
  folder.write("d.npz", NamedArrays{.features_key = "judge", .rewards_key = "gold"}.npz());
  expect_parts(refused({"audit", "d.npz", "--proxy", "judge", "--gold", "gold"}, folder),
               {"64 ",
                "DATA = 'd.npz': scores are the columns x0, x1, ... of an array named "
                "'embeddings', and it has 'judge', ",
                "numpy.stack([judge, model], -1)"});
}

TEST(ArrayTables, EvaluationCountsRowsWithoutALabel) {
  NamedArrays arrays;
  arrays.rewards[5] = kNan;
  arrays.rewards[6] = kNan;
  const Folder folder;
  folder.write("d.safetensors", arrays.safetensors());
  const Outcome outcome =
      run({"evaluate", "d.safetensors", "--beta", "1", "--bootstrap", "100", "--format", "json"},
          folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("78 rows are left of 80 (2 without a reward)"), std::string::npos)
      << outcome.out;
}

}  // namespace
}  // namespace esscher::cli
