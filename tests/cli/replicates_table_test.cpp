// Tables whose rows are not each a draw of its own.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "../support/schema.h"
#include "program.h"
#include "tables.h"

namespace esscher::cli {
namespace {

/// The lines of data_csv() so many times, behind its header, with the prompt as `family`.
std::string copied(int times) {
  const std::string text = data_csv();
  const std::size_t header = text.find('\n') + 1;
  std::string result = "family" + text.substr(6, header - 6);
  for (int i = 0; i < times; ++i) result += text.substr(header);
  return result;
}

nlohmann::json evaluated(const std::string& csv, const std::vector<std::string>& more,
                         std::string& report) {
  const Folder folder;
  folder.write("data.csv", csv);
  std::vector<std::string> arguments{"evaluate", "data.csv", "--reward", "y", "--features",  "a,b",
                                     "--beta",   "2,1",      "--rounds", "1", "--bootstrap", "0",
                                     "-o",       "out"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = run(arguments, folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  report = outcome.out;
  return nlohmann::json::parse(read_file(folder.path() / "out" / "result.json"));
}

TEST(ReplicatesTable, CopiesAreToldAndChangeNothing) {
  std::string report;
  const auto once = evaluated(copied(1), {}, report);
  EXPECT_TRUE(once["replicates"].is_null());
  const auto thrice = evaluated(copied(3), {}, report);
  EXPECT_EQ(thrice["replicates"]["rows"], 240);
  EXPECT_EQ(thrice["replicates"]["designs"], 80);
  EXPECT_EQ(thrice["replicates"]["most"], 3);
  EXPECT_EQ(thrice["replicates"]["noise_sd"], 0);
  EXPECT_EQ(testing_support::schema_faults(ESSCHER_CLI_SCHEMAS, "evaluate", thrice), "");
  EXPECT_NE(report.find("240 rows are 80 distinct designs"), std::string::npos) << report;
  const auto gain = [](const nlohmann::json& json) {
    return json["rewards"][0]["policies"][0]["gain"];
  };
  EXPECT_NEAR(gain(once)["value"].get<double>(), gain(thrice)["value"].get<double>(), 1e-6);
  EXPECT_NEAR(gain(once)["standard_error"].get<double>(),
              gain(thrice)["standard_error"].get<double>(), 1e-6);
}

TEST(ReplicatesTable, RowsAreNumberedAsInTheFile) {
  std::string report;
  std::string csv = copied(2);
  const std::size_t header = csv.find('\n') + 1;
  csv.insert(header, csv.substr(header, csv.find('\n', header) + 1 - header));
  csv.replace(header, csv.find(',', header) - header, "none");
  const auto found = evaluated(csv, {"--exclude", "family=none"}, report);
  EXPECT_EQ(found["replicates"]["most_row"], 2);
  EXPECT_NE(report.find("(row 2 is there 2 times)"), std::string::npos) << report;
  // A pair of equal sides is dropped.
  const Folder folder;
  std::string pairs = "c_a,c_b,r_a,r_b\n1,1,1,1\n";
  for (int copy = 0; copy < 2; ++copy) {
    for (int i = 0; i < 30; ++i) {
      pairs += std::to_string(i) + "," + std::to_string(i * i % 7) + "," + std::to_string(-i) +
               "," + std::to_string(i * i % 5 + 7) + "\n";
    }
  }
  folder.write("pairs.csv", pairs);
  const Outcome outcome = run({"fit", "pairs.csv", "--chosen", "c_", "--rejected", "r_", "--rounds",
                               "1", "-o", "m.safetensors"},
                              folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE((outcome.out + outcome.err).find("(pair 2 is there 2 times)"), std::string::npos)
      << outcome.out << outcome.err;
}

TEST(ReplicatesTable, ClustersAreToldAndCount) {
  std::string report;
  const auto rows = evaluated(copied(1), {}, report);
  const auto clusters = evaluated(copied(1), {"--cluster", "family"}, report);
  EXPECT_EQ(clusters["clusters"], 20);
  EXPECT_NE(report.find("in 20 clusters"), std::string::npos) << report;
  // Folds hold whole families: rows are dealt out otherwise.
  const auto gain = [](const nlohmann::json& json) {
    return json["rewards"][0]["policies"][0]["gain"]["value"].get<double>();
  };
  EXPECT_NE(gain(rows), gain(clusters));
}

TEST(ReplicatesTable, ARowWithoutAClusterIsRefused) {
  const Folder folder;
  folder.write("data.csv", "f,a,y\nu,1,2\n,2,3\nv,4,1\n");
  const Outcome outcome = run({"fit", "data.csv", "--reward", "y", "--features", "a", "--cluster",
                               "f", "--beta", "1", "-o", "m.safetensors"},
                              folder);
  EXPECT_EQ(outcome.exit_code, 65);
  EXPECT_NE(outcome.err.find("row 2, column f: no cluster; name one in every row"),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace esscher::cli
