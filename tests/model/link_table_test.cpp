#include "esscher/model/link_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

class LinkTable : public testing::Test {
 protected:
  void SetUp() override {
    // One folder a test: tests may run side by side.
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::temp_directory_path() / (std::string("esscher_table_") + info->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string written(const std::string& text, const std::string& name = "t.csv") {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string data_text(const std::string& text) {
    return failure_text<DataError>([&] { parse_link("table:" + written(text)); });
  }

  std::filesystem::path folder_;
};

TEST_F(LinkTable, IsReadFromAPipe) {
  const std::string path = (folder_ / "pipe").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&path] { std::ofstream(path) << "-1,-1\n0,0\n2,1\n"; });
  const Link link = parse_link("table:" + path);
  writer.join();
  EXPECT_EQ(link(-1), -1);
  EXPECT_EQ(link(2), 1);
}

TEST_F(LinkTable, PassesThroughItsPointsAndIsConstantBeyond) {
  const std::string path = written("# my link\r\nz,f\r\n\r\n-1, 2\r\n0,1\r\n+1,1.5\r\n3,-1e0\r\n");
  const Link link = parse_link("table:" + path);
  EXPECT_EQ(link.name(), "table:" + path);
  EXPECT_EQ(link(-1), 2);
  EXPECT_EQ(link(0), 1);
  EXPECT_EQ(link(1), 1.5);
  EXPECT_EQ(link(3), -1);
  EXPECT_EQ(link(-1e300), 2);
  EXPECT_EQ(link(1e300), -1);
  EXPECT_TRUE(link.growth().left.bounded);
  EXPECT_EQ(std::vector<double>(link.breaks().begin(), link.breaks().end()),
            (std::vector<double>{-1, 0, 1, 3}));
  EXPECT_EQ(link.parity(), Parity::none);
  const Link changed = parse_link("table:" + path + "@scale:2@clip:-1,3");
  EXPECT_EQ(changed(-1), 3);
  EXPECT_EQ(parse_link(changed.name())(0.3), changed(0.3));
}

TEST_F(LinkTable, APathMayHoldTheModifiersSign) {
  const std::string path = written("0,0\n1,1\n", "me@home.csv");
  EXPECT_EQ(parse_link("table:" + path + "@scale:3")(0.5), 1.5);
}

TEST_F(LinkTable, TwoPointsAreALineAndThreeACurve) {
  const Link line = table_link({0, 2}, {1, 5}, "t");
  EXPECT_DOUBLE_EQ(line(0.5), 2);
  const Link curve = table_link({-1, 0, 1}, {1, 0, 1}, "t");
  EXPECT_EQ(curve.parity(), Parity::even);
  EXPECT_EQ(curve(0), 0);
  EXPECT_EQ(table_link({-2, -1, 0, 1, 2}, {-5, -1, 0, 1, 5}, "t").parity(), Parity::odd);
}

TEST_F(LinkTable, ConvergesToASmoothFunction) {
  std::vector<double> z;
  std::vector<double> f;
  for (int i = -400; i <= 400; ++i) {
    z.push_back(0.01 * i);
    f.push_back(std::tanh(z.back()));
  }
  const Link link = table_link(z, f, "t");
  // Harmonic slopes are of second order or better: error below h^3.
  for (double x = -3.9; x < 3.9; x += 0.00713) EXPECT_NEAR(link(x), std::tanh(x), 1e-6);
}

RC_GTEST_PROP(LinkTableProperty, NeverOvershootsAndIsMonotoneBetweenKnots, ()) {
  const auto steps =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 100)));
  std::vector<double> z = {-3};
  std::vector<double> f = {0};
  for (const int step : steps) {
    z.push_back(z.back() + 0.01 * step);
    f.push_back(*rc::gen::inRange(-100, 101));
  }
  const Link link = table_link(z, f, "t");
  for (std::size_t i = 0; i + 1 < z.size(); ++i) {
    const double direction = f[i + 1] - f[i];
    double before = f[i];
    for (int k = 1; k < 20; ++k) {
      const double value = link(z[i] + (z[i + 1] - z[i]) * k / 20.);
      RC_ASSERT(value >= std::min(f[i], f[i + 1]) && value <= std::max(f[i], f[i + 1]));
      RC_ASSERT((value - before) * direction >= -1e-12 * std::abs(direction));
      before = value;
    }
  }
}

TEST_F(LinkTable, RefusesBadFilesWithTheirLine) {
  expect_words(data_text(""), "t.csv:0", "0 points", "at least 2");
  expect_words(data_text("z,f\n"), "0 points");
  expect_words(data_text("z,f\n1,2\n"), "1 points", "4 to show a curve");
  expect_words(data_text("0,1\n1,2\n1,3\n"), "t.csv:3", "strictly increase");
  expect_words(data_text("0,1\n1,2\n-1,3\n"), "t.csv:3", "z = -1 does not exceed 1");
  expect_words(data_text("0,1\n1,abc\n2,3\n"), "t.csv:2", "'1,abc'", "not two finite numbers");
  expect_words(data_text("z,f\nx,y\n2,3\n"), "t.csv:2", "not two finite numbers");
  expect_words(data_text("0,1\n1,nan\n"), "t.csv:2", "finite");
  expect_words(data_text("0,1\n1,inf\n"), "t.csv:2", "finite");
  expect_words(data_text("0,1\n1,2,3\n"), "t.csv:2", "3 columns");
  expect_words(data_text("0,1\n1\n"), "t.csv:2", "1 columns");
  expect_words(data_text("0;1\n1;2\n"), "t.csv:1", "comma");
}

TEST_F(LinkTable, RefusesUnreadableFiles) {
  expect_words(failure_text<IoError>([&] { parse_link("table:" + (folder_ / "no.csv").string()); }),
               "no.csv", "cannot read");
  expect_words(failure_text<IoError>([&] { parse_link("table:" + folder_.string()); }),
               "cannot read");
}

TEST_F(LinkTable, RefusesBadPointsInMemory) {
  const auto text = [](std::vector<double> z, std::vector<double> f) {
    return failure_text<DataError>([&] { table_link(z, f, "mine"); });
  };
  expect_words(text({0, 1}, {0}), "mine", "2 values of z and 1 of f");
  expect_words(text({0}, {0}), "at least 2");
  expect_words(text({0, 0}, {0, 1}), "point 2", "strictly increase");
  expect_words(text({0, NAN}, {0, 1}), "point 2", "finite");
}

}  // namespace
}  // namespace esscher
