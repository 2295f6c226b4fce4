// Mutations, sequences and vectors from the command line, from fit to prediction.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "program.h"
#include "refusals.h"

namespace esscher::cli {
namespace {

using Words = std::vector<std::string>;

/// Variants of MKTAYIAK with mutations at three sites, as mutations, sequence and vector.
std::string mutants_csv(bool with_reward) {
  const std::string sites = "AGS";
  std::string text = "mutant,sequence,vector";
  text += with_reward ? ",y\n" : "\n";
  for (int i = 0; i < 81; ++i) {
    std::string sequence = "MKTAYIAK";
    std::string mutant;
    double reward = 0;
    std::string vector = "[";
    const int places[] = {3, 6, 1, 4};
    for (int k = 0, code = i; k < 4; ++k, code /= 3) {
      const auto at = static_cast<std::size_t>(places[k]);
      const int level = code % 3;
      vector += std::to_string(level * (k + 1)) + (k < 3 ? ", " : "]");
      reward += level * std::cos(k + 1.0) + 0.3 * level * (i % 2);
      if (level == 0) continue;
      mutant += (mutant.empty() ? "" : ":") + std::string(1, sequence[at]) +
                std::to_string(at + 1) + "CW"[level - 1];
      sequence[at] = "CW"[level - 1];
    }
    text += (mutant.empty() ? "WT" : mutant) + "," + sequence + ",\"" + vector + "\"";
    text += with_reward ? "," + std::to_string(reward) + "\n" : "\n";
  }
  return text;
}

std::string predicted(const Folder& folder, const Words& columns) {
  Words fit{"fit", "t.csv", "--reward", "y", "--beta", "1", "--rounds", "1", "-o", "m.safetensors"};
  fit.insert(fit.end(), columns.begin(), columns.end());
  const Outcome fitted = run(fit, folder);
  EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
  const Outcome outcome = run({"predict", "m.safetensors", "n.csv", "-o", "r.npy"}, folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return read_file(folder.path() / "r.npy");
}

TEST(TextColumns, MutationsPredictWhatTheirSequencesDo) {
  const Folder folder;
  folder.write("t.csv", mutants_csv(true));
  folder.write("n.csv", mutants_csv(false));
  folder.write("wt.fasta", ">wild type\nMKTA\nYIAK\n");
  const std::string whole = predicted(folder, {"--one-hot", "sequence:sequence"});
  EXPECT_EQ(predicted(folder, {"--one-hot", "mutant:mutations", "--wild-type", "MKTAYIAK"}), whole);
  EXPECT_EQ(predicted(folder, {"--wild-type", "@wt.fasta"}), whole);
  EXPECT_EQ(predicted(folder, {"--wild-type", "mktaYIAK", "--fold-case"}), whole);
}

TEST(TextColumns, VectorsPredict) {
  const Folder folder;
  folder.write("t.csv", mutants_csv(true));
  folder.write("n.csv", mutants_csv(false));
  EXPECT_EQ(predicted(folder, {"--features", "vector:vector"}).size(), 128 + 81 * sizeof(double));
}

TEST(TextColumns, AreRefusedWithTheRemedy) {
  const Folder folder;
  folder.write("t.csv", mutants_csv(true));
  const auto said = [&](const Words& columns) {
    Words fit{"fit", "t.csv", "--reward", "y", "--beta", "1", "-o", "m.safetensors"};
    fit.insert(fit.end(), columns.begin(), columns.end());
    return refused(fit, folder);
  };
  expect_parts(said({"--one-hot", "mutant:mutations"}),
               {"64 ", "--one-hot = mutant:mutations", "--wild-type SEQUENCE"});
  expect_parts(said({"--wild-type", "GGMKTAYIAK"}),
               {"65 ", "t.csv: row 2, column mutant", "'A4C'", "--first-position -1"});
  expect_parts(said({"--wild-type", "MKTAYIAK", "--first-position", "3"}),
               {"65 ", "t.csv: row 2, column mutant", "'A4C'", "--first-position 1"});
  expect_parts(said({"--first-position", "3"}), {"64 ", "--first-position = 3", "--wild-type"});
  expect_parts(said({"--wild-type", "@none.fasta"}), {"74 ", "none.fasta", "cannot be read"});
  expect_parts(said({}), {"64 ", "no column", "holds numbers", "--one-hot 'mutant:mutations'"});
}

}  // namespace
}  // namespace esscher::cli
