// Mutations, sequences and vectors from the command line, from fit to prediction.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

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

TEST(TextColumns, QuotedVectorsPredictWhatColumnsOfTheirNumbersDo) {
  const Folder folder;
  folder.write("t.csv", data_csv());
  folder.write("n.csv", data_csv(false));
  const std::string columns = predicted(folder, {"--features", "a,b"});
  for (const bool with_reward : {true, false}) {
    std::istringstream lines(data_csv(with_reward));
    std::string line;
    std::getline(lines, line);
    std::string text = with_reward ? "v,y\n" : "v\n";
    while (std::getline(lines, line)) {
      // prompt,a,b,y or a,b
      if (with_reward) line.erase(0, line.find(',') + 1);
      const std::size_t comma = line.find(',');
      const std::size_t end = std::min(line.find(',', comma + 1), line.size());
      text += "\"[" + line.substr(0, comma) + ", " + line.substr(comma + 1, end - comma - 1) +
              "]\"" + line.substr(end) + "\n";
    }
    folder.write(with_reward ? "t.csv" : "n.csv", text);
  }
  EXPECT_EQ(predicted(folder, {"--features", "v:vector"}), columns);
}

TEST(TextColumns, AdviceIsQuotedForTheShell) {
  const Folder folder;
  folder.write("t.csv", "it's v,my y\n\"[0.1, 0.2]\",1\n\"[0.3, 0.5]\",2\n\"[0.2, 0.7]\",4\n");
  const auto said = [&](const Words& columns) {
    Words fit{"fit", "t.csv", "--reward", "my y", "--beta", "1", "-o", "m.safetensors"};
    fit.insert(fit.end(), columns.begin(), columns.end());
    return refused(fit, folder);
  };
  expect_parts(said({}), {"64 ", "--features 'it'\\''s v:vector' would take its 2 numbers"});
  expect_parts(said({"--one-hot", "it's v:vector"}),
               {"64 ", "write --features 'it'\\''s v:vector'\n"});
  expect_parts(said({"--features", "it's v:sequence"}),
               {"64 ", "write --one-hot 'it'\\''s v:sequence'\n"});
  expect_parts(said({"--features", "my*"}), {"64 ", "leave it out with '!my y'\n"});
  folder.write("t.csv", "it's v;x;my y\n1.25;1;0,63\n-0.26;2,5;0,91\n1.5;1;0,2\n");
  expect_parts(said({}), {"65 ", "leave the column out by --features '!it'\\''s v'\n"});
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
