// Pages from end to end: every command's record meets its schema, and its page works in a browser.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "../support/schema.h"
#include "arrays.h"
#include "program.h"
#include "tables.h"

namespace esscher::cli {
namespace {

using nlohmann::json;
const Words kTheory{"theory",   "--link", "hermite:3@clip:-2,2", "--learned", "tanh",
                    "--format", "json"};
const Words kSimulate{"simulate",
                      "--link",
                      "damped_hermite:3",
                      "--dim",
                      "100",
                      "--width",
                      "12",
                      "--control",
                      "--readout-samples",
                      "2000",
                      "--feature-samples",
                      "2000",
                      "--policy-samples",
                      "4096",
                      "--feature-temperature",
                      "1",
                      "--deployment-temperature",
                      "0.5,1",
                      "--format",
                      "json"};
const Words kEvaluate{"evaluate", "data.csv", "--reward", "y",        "--features",
                      "a,b",      "--beta",   "2,1",      "--format", "json"};
const Words kAudit{"audit",   "scores.csv", "--proxy", "judge,coin", "--log-ratio",
                   "trained", "--gold",     "human",   "--format",   "json"};
const Words kFit{"fit",    "variants.csv", "--one-hot", "seq",           "--reward", "y",
                 "--beta", "2,1",          "-o",        "m.safetensors", "--format", "json"};

std::string faults(const std::string& kind, const json& record) {
  return testing_support::schema_faults(ESSCHER_CLI_SCHEMAS, kind, record);
}

struct Case {
  std::string kind;
  Words words;
};

class Pages : public ::testing::TestWithParam<Case> {
 protected:
  Pages() {
    folder_.write("data.csv", data_csv());
    folder_.write("variants.csv", variants_csv());
    folder_.write("scores.csv", scores_csv());
    Words words = GetParam().words;
    words.insert(words.end(), {"--report", "page.html"});
    outcome_ = run(words, folder_);
  }
  Folder folder_;
  Outcome outcome_;
};

TEST_P(Pages, RecordMeetsItsSchema) {
  ASSERT_EQ(outcome_.exit_code, 0) << outcome_.err;
  const json record = json::parse(outcome_.out);
  EXPECT_EQ(faults(GetParam().kind, record), "");
  json broken = record;
  broken.erase("options");
  EXPECT_NE(faults(GetParam().kind, broken), "");
}

TEST_P(Pages, PageIsTheOneThatReportMakesOfTheRecord) {
  ASSERT_EQ(outcome_.exit_code, 0) << outcome_.err;
  folder_.write("result.json", outcome_.out);
  ASSERT_EQ(run({"report", "result.json", "-o", "again.html"}, folder_).exit_code, 0);
  EXPECT_TRUE(read_file(folder_.path() / "page.html") == read_file(folder_.path() / "again.html"));
  EXPECT_LT(std::filesystem::file_size(folder_.path() / "page.html"), 2'000'000U);
}

TEST(Report, TellsWhichPoliciesReachATarget) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("scores.csv", scores_csv());
  for (const auto& [kind, words] : {Case{"evaluate", kEvaluate}, Case{"audit", kAudit}}) {
    Words more = words;
    more.insert(more.end(), {"--target", "0.25", "--report", "page.html"});
    const Outcome outcome = run(more, folder);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json record = json::parse(outcome.out);
    EXPECT_EQ(faults(kind, record), "");
    EXPECT_EQ(record["target"]["value"], 0.25);
    ASSERT_FALSE(record["target"]["reached"].empty()) << record["target"];
    for (const json& policy : record["target"]["reached"]) EXPECT_GE(policy["low"], 0.25);
    EXPECT_NE(read_file(folder.path() / "page.html").find("Target 0.25: a true mean of at least"),
              std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Commands, Pages,
                         ::testing::Values(Case{"theory", kTheory}, Case{"simulate", kSimulate},
                                           Case{"evaluate", kEvaluate}, Case{"fit", kFit},
                                           Case{"audit", kAudit}),
                         [](const auto& test) { return test.param.kind; });

/// A page that looks at itself: browser_check.js at its end, and at its start what it complains of.
std::string looking(std::string html) {
  html.insert(html.find("<title>"),
              "<script>window.seenErrors = []; addEventListener('error', (e) => "
              "seenErrors.push(e.message));"
              "for (const kind of ['error', 'warn']) console[kind] = (...a) => "
              "seenErrors.push(a.join(' '));</script>");
  html.insert(html.rfind("</body>"),
              "<script>" + read_file(ESSCHER_CLI_BROWSER_CHECK) + "</script>");
  return html;
}

/// What pages find when they look at themselves, by page and width ("fit 340"): all in the frames
/// of one page, since to start a browser takes longer than to look at a page.
json looked_at(const Folder& folder, const Words& pages, const std::vector<int>& widths) {
  std::string frames;
  for (const std::string& page : pages) {
    folder.write("looking-" + page + ".html", looking(read_file(folder.path() / (page + ".html"))));
    for (const int width : widths) {
      frames += "<iframe src=\"looking-" + page + ".html#" + page + "-" + std::to_string(width) +
                "\" width=" + std::to_string(width) + " height=600></iframe>";
    }
  }
  // A frame out of sight would be drawn late or never: all lie over one another.
  folder.write("looked.html",
               "<style>iframe { position: absolute; left: 0; top: 0; }</style><body><script>"
               "const seen = {}; addEventListener('message', ({ data }) => {"
               "seen[data.frame] = data.outcome; if (Object.keys(seen).length < " +
                   std::to_string(pages.size() * widths.size()) +
                   ") return; const end = document.createElement('pre'); end.id = 'outcome';"
                   "end.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));"
                   "document.body.append(end); });</script>" +
                   frames + "</body>");
  const std::string command =
      "chromium --headless=new --no-sandbox --disable-gpu --user-data-dir='" +
      (folder.path() / "profile").string() + "' --virtual-time-budget=20000 --dump-dom 'file://" +
      (folder.path() / "looked.html").string() +
      "' 2>/dev/null | sed -n "
      "'s/.*<pre id=\"outcome\">\\([^<]*\\)<.*/\\1/p' | base64 -d";
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> block{};
  for (std::size_t count = 0; (count = std::fread(block.data(), 1, block.size(), pipe)) > 0;) {
    text.append(block.data(), count);
  }
  pclose(pipe);
  return json::parse(text, nullptr, false);
}

TEST(Report, PagesOfAllCommandsWorkInABrowser) {
  ASSERT_EQ(std::system("command -v chromium >/dev/null 2>&1"), 0)
      << "there is no chromium here; scripts/setup.sh test installs it, as make test does";
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("variants.csv", variants_csv());
  folder.write("scores.csv", scores_csv());
  for (const Case& each : {Case{"theory", kTheory}, Case{"simulate", kSimulate},
                           Case{"evaluate", kEvaluate}, Case{"fit", kFit}, Case{"audit", kAudit}}) {
    Words words = each.words;
    words.insert(words.end(), {"--report", each.kind + ".html"});
    const Outcome outcome = run(words, folder);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    folder.write(each.kind + ".json", outcome.out);
  }
  Words other = kEvaluate;
  other.insert(other.end(), {"--seed", "2"});
  folder.write("other.json", run(other, folder).out);
  ASSERT_EQ(run({"compare", "evaluate.json", "other.json", "-o", "compare.html"}, folder).exit_code,
            0);

  const Words pages{"theory", "simulate", "evaluate", "fit", "audit", "compare"};
  const std::vector<int> widths{1100, 340};
  const json all = looked_at(folder, pages, widths);
  ASSERT_TRUE(all.is_object()) << "the pages' own looks did not end";
  ASSERT_EQ(all.size(), pages.size() * widths.size()) << all.dump(1);
  for (const auto& [name, found] : all.items()) {
    SCOPED_TRACE(name + found.dump(1));
    const bool compared = name.starts_with("compare");
    EXPECT_GE(found["figures"], compared ? 1 : 3);
    EXPECT_EQ(found["drawn"], found["figures"]);
    EXPECT_EQ(found["toggled"], found["legends"]);
    EXPECT_GE(found["legends"], compared ? 1 : 0) << "two runs, told apart";
    EXPECT_EQ(found["wide"], 0) << "charts wider than their figure";
    EXPECT_LE(found["overflow"], 0) << "the page scrolls sideways";
    EXPECT_TRUE(found["repainted"]) << "the other theme";
    EXPECT_EQ(found["saved"].size(), 3 * found["figures"].get<std::size_t>()) << "svg, png, csv";
    EXPECT_EQ(found["svg"], "<svg");
    EXPECT_EQ(found["headings"], 1);
    EXPECT_EQ(found["unnamed"], 0) << "what a screen reader could not name";
    EXPECT_TRUE(found["loaded"].empty());
    EXPECT_TRUE(found["errors"].empty());
  }
}

TEST(Report, ReadsFoldersAndModelsAndComparesThem) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  const Words base{"evaluate", "data.csv", "--reward", "y",       "--features",
                   "a,b",      "--beta",   "2,1",      "--quiet", "--seed"};
  for (const std::string seed : {"1", "2"}) {
    Words words = base;
    words.insert(words.end(), {seed, "-o", "run" + seed});
    ASSERT_EQ(run(words, folder).exit_code, 0);
  }
  const json record = json::parse(read_file(folder.path() / "run2" / "result.json"));
  EXPECT_EQ(record["command"],
            "esscher evaluate data.csv --features a,b --reward y --beta 2,1 --seed 2");
  EXPECT_EQ(run({"report", "run1", "-o", "page.html"}, folder).exit_code, 0);
  ASSERT_EQ(run({"compare", "run1", "run2", "-o", "both.html"}, folder).exit_code, 0);
  const std::string page = read_file(folder.path() / "both.html");
  EXPECT_NE(page.find("2 runs of esscher evaluate; 1 option differs."), std::string::npos);
  ASSERT_EQ(run({"fit", "data.csv", "--reward", "y", "--features", "a,b", "--beta", "1", "--quiet",
                 "-o", "m.safetensors"},
                folder)
                .exit_code,
            0);
  EXPECT_EQ(run({"report", "m.safetensors", "-o", "model.html"}, folder).exit_code, 0);
}

TEST(Report, TellsTheCommandOfPipesAndOfPairsOfArrays) {
  const Folder folder;
  folder.write("stdin", data_csv());
  const Outcome piped = run({"fit", "-", "--reward", "y", "--features", "a,b", "-o",
                             "m.safetensors", "--report", "m.html", "--format", "json"},
                            folder);
  ASSERT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(json::parse(piped.out)["command"],
            "esscher fit - -o reward.safetensors --features a,b --reward y");
  EXPECT_NE(read_file(folder.path() / "m.html").find("is standard input, from which"),
            std::string::npos);
  folder.write("c.npy", array_npy({0.5, 1, 1.5, 2.25, 0.25, 3, 1.25, 2.5}, 1));
  folder.write("r.npy", array_npy({0, 0.625, 1.75, 0.75, 1.125, 2, 0.125, 1.625}, 1));
  const Outcome pairs = run({"fit", "--chosen", "c.npy", "--rejected", "r.npy", "-o",
                             "p.safetensors", "--format", "json"},
                            folder);
  ASSERT_EQ(pairs.exit_code, 0) << pairs.err;
  const std::string command = json::parse(pairs.out)["command"];
  EXPECT_TRUE(command.starts_with("esscher fit -o reward.safetensors --")) << command;
}

void expect_refused(const Words& words, const Folder& folder, int code, const std::string& text) {
  const Outcome outcome = run(words, folder);
  EXPECT_EQ(outcome.exit_code, code) << outcome.err;
  EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err;
}

TEST(Report, OfPairsIsARecordOfItsOwnWithoutAPage) {
  const Folder folder;
  folder.write("pairs.csv", preferences_csv());
  const Words words{"evaluate",   "pairs.csv", "--chosen", "chosen_",
                    "--rejected", "rejected_", "--seed",   "3"};
  Words to_folder = words;
  to_folder.insert(to_folder.end(), {"-o", "run", "--quiet"});
  ASSERT_EQ(run(to_folder, folder).exit_code, 0);
  const json record = json::parse(read_file(folder.path() / "run" / "result.json"));
  EXPECT_EQ(faults("pairs", record), "");
  EXPECT_NE(faults("evaluate", record), "");
  Words with_target = words;
  with_target.insert(with_target.end(), {"--target", "1"});
  expect_refused(with_target, folder, 64, "--target = 1: stated pairs have no reward to value");
  EXPECT_EQ(record["options"]["data"], "pairs.csv");
  // The command computes the same again.
  const std::string command = record["command"];
  EXPECT_EQ(command,
            "esscher evaluate pairs.csv --chosen chosen_ --rejected rejected_ --beta 1 "
            "--weights uniform --loss preferences --seed 3");
  std::istringstream parts(command.substr(command.find(' ')));
  Words again{std::istream_iterator<std::string>(parts), {}};
  again.insert(again.end(), {"--format", "json"});
  EXPECT_EQ(json::parse(run(again, folder).out), record);
  expect_refused({"report", "run", "-o", "p.html"}, folder, 65, "run: is an evaluation of pairs");
  expect_refused({"compare", "run", "run", "-o", "p.html"}, folder, 65, "no page; read report.txt");
}

TEST(Report, RefusesWhatIsNoResult) {
  const Folder folder;
  folder.write("empty/notes.txt", "mine");
  folder.write("new.json", R"({"record": "fit", "record_version": 9})");
  folder.write("words.json", "words");
  expect_refused({"report", "nowhere.json", "-o", "p.html"}, folder, 74, "cannot be read");
  expect_refused({"report", "empty", "-o", "p.html"}, folder, 74, "holds no result.json");
  expect_refused({"report", "words.json", "-o", "p.html"}, folder, 65, "is no JSON object");
  expect_refused({"report", "new.json", "-o", "p.html"}, folder, 65, "take a newer esscher");
  expect_refused({"report", "new.json"}, folder, 64, "--output is required");
  expect_refused({"compare", "new.json", "-o", "p.html"}, folder, 64, "must be two to six");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "p.html"));
}

}  // namespace
}  // namespace esscher::cli
