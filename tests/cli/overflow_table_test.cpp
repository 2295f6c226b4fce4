// Rewards that overflow where a transform is undone far from the rows that taught it, and weights
// that underflow.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "program.h"

namespace esscher::cli {
namespace {

Words fitted(const Words& more) {
  Words words{"fit", "data.csv", "--reward", "y", "-o", "model.safetensors"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Tables, ARewardTooLargeForANumberIsRefused) {
  const Folder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 80; ++i) {
    const double a = std::sin(1.7 * i);
    text += std::to_string(a) + "," + std::to_string(std::cos(2.3 * i)) + "," +
            std::to_string(std::exp(a)) + "\n";
  }
  folder.write("data.csv", text);
  folder.write("far.csv", "a,b\n0,0\n1e5,1\n");
  ASSERT_EQ(run(fitted({"--features", "a,b", "--beta", "1", "--reward-transform", "log1p",
                        "--no-ceiling", "--transform", "none"}),
                folder)
                .exit_code,
            0);
  const Outcome far = run({"predict", "model.safetensors", "far.csv", "-o", "r.npy"}, folder);
  EXPECT_EQ(far.exit_code, 65);
  EXPECT_NE(far.err.find("row 2: the reward is too large for a number; fit without --no-ceiling"),
            std::string::npos)
      << far.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "r.npy"));
}

TEST(Tables, ATrainingRewardTooLargeForANumberIsRefused) {
  const Folder folder;
  // A row so far from the others that rewards fitted to them overflow there, and of so little
  // weight that it does not teach otherwise.
  std::string text = "a,b,c,w,y\n1e6,0,0,1e-12,1\n";
  for (int i = 0; i < 200; ++i) {
    const double a = std::sin(1.7 * i);
    text += std::to_string(a) + "," + std::to_string(2 * std::sin(2.9 * i + 1)) + "," +
            std::to_string(2 * std::sin(5.3 * i + 2)) + ",1," + std::to_string(std::exp(3 * a)) +
            "\n";
  }
  folder.write("data.csv", text);
  const Outcome fit = run(fitted({"--weight", "w", "--beta", "1", "--reward-transform", "log1p",
                                  "--no-ceiling", "--transform", "none"}),
                          folder);
  EXPECT_EQ(fit.exit_code, 65);
  EXPECT_NE(fit.err.find("--reward-transform log1p: undone, a predicted reward is too large"),
            std::string::npos)
      << fit.err;
}

// Beside the weight of the row of the highest reward those of all other folds are 0 in doubles, yet
// the fit that leaves its fold out has no others.
TEST(Tables, WeightsFarBelowTheHeaviestAreFittedWhereItIsLeftOut) {
  const Folder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 80; ++i) {
    const double a = std::sin(1.7 * i);
    text += std::to_string(a) + "," + std::to_string(std::cos(2.3 * i)) + "," +
            std::to_string(i == 7 ? 3 : a) + "\n";
  }
  folder.write("data.csv", text);
  for (const char* weights : {"label", "surrogate"}) {
    const Outcome fit =
        run(fitted({"--features", "a,b", "--beta", "0.0005", "--weights", weights}), folder);
    EXPECT_EQ(fit.exit_code, 0) << fit.err;
  }
  const Outcome evaluated = run({"evaluate", "data.csv", "--features", "a,b", "--reward", "y",
                                 "--weights", "auto,label", "--beta", "1,0.0005"},
                                folder);
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
}

}  // namespace
}  // namespace esscher::cli
