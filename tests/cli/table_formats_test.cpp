// Tables as other programs write them: what esscher makes of them, and what it says of those that
// it cannot read.

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "../support/packed.h"
#include "../support/utf16.h"
#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// data_csv() with semicolons and decimal commas.
std::string european(bool with_reward = true) {
  return replaced(replaced(data_csv(with_reward), ",", ";"), ".", ",");
}

/// data_csv() as JSON lines, with a and b in a list "e" if \p listed.
std::string data_jsonl(bool listed) {
  std::istringstream lines(data_csv());
  std::string text;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string prompt;
    std::string a;
    std::string b;
    std::string y;
    std::getline(std::getline(std::getline(fields, prompt, ','), a, ','), b, ',') >> y;
    text += "{\"prompt\":\"" + prompt + "\"," +
            (listed ? "\"e\":[" + a + "," + b + "]" : "\"a\":" + a + ",\"b\":" + b) +
            ",\"y\":" + y + ",\"messages\":[{\"role\":\"user\"}]}\n";
  }
  return text;
}

/// data.csv, and a model fitted on it.
class TableFormats : public testing::Test {
 protected:
  TableFormats() { folder_.write("data.csv", data_csv()); }

  Outcome fit(const std::string& data, const Words& more = {}) const {
    Words words{"fit", data,     "--reward", "y",  "--features",
                "a,b", "--beta", "1",        "-o", "m.safetensors"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words, folder_);
  }
  /// Rewards of \p data by a model that was fitted on data.csv.
  std::string predicted(const Words& data) const {
    // Fitted once: most of a test's time, were it done for each file.
    if (!std::filesystem::exists(folder_.path() / "data.safetensors")) {
      EXPECT_EQ(fit("data.csv").exit_code, 0);
      std::filesystem::copy(folder_.path() / "m.safetensors", folder_.path() / "data.safetensors");
    }
    Words words{"predict", "data.safetensors", "-o", "r.npy"};
    words.insert(words.end(), data.begin(), data.end());
    const Outcome outcome = run(words, folder_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    said_ = outcome.err;
    return read_file(folder_.path() / "r.npy");
  }
  std::string refusal(const Words& data) const {
    Words words{"fit", "--beta", "1", "-o", "m.safetensors", "--reward", "y"};
    words.insert(words.end(), data.begin(), data.end());
    return refused(words, folder_);
  }

  Folder folder_;
  mutable std::string said_;  ///< on standard error
};

TEST_F(TableFormats, AnotherDialectIsFoundAndToldByEveryCommand) {
  const std::string same = predicted({"data.csv"});
  EXPECT_EQ(said_, "");
  folder_.write("e.csv", european());
  EXPECT_EQ(predicted({"e.csv"}), same);
  EXPECT_EQ(said_, "esscher: e.csv: read with ';' between fields and decimal commas.\n");
  const Outcome fitted = fit("e.csv");
  EXPECT_NE(fitted.out.find("e.csv: read with ';' between fields and decimal commas."),
            std::string::npos)
      << fitted.out << fitted.err;
  const Outcome drawn =
      run({"resample", "m.safetensors", "e.csv", "--beta", "1", "--n", "2"}, folder_);
  EXPECT_EQ(drawn.exit_code, 0);
  EXPECT_EQ(drawn.err, said_);
  const Outcome evaluated = run({"evaluate", "e.csv", "--reward", "y", "--features", "a,b",
                                 "--beta", "2", "--bootstrap", "100", "--format", "json"},
                                folder_);
  EXPECT_NE(evaluated.out.find("e.csv: read with ';' between fields"), std::string::npos)
      << evaluated.err;
}

TEST_F(TableFormats, TheDialectCanBeSaid) {
  const std::string same = predicted({"data.csv"});
  folder_.write("colons.txt", replaced(data_csv(), ",", ":"));
  EXPECT_EQ(predicted({"colons.txt", "--delimiter", ":"}), same);
  EXPECT_EQ(said_, "esscher: colons.txt: read with ':' between fields.\n");
  folder_.write("e.csv", european());
  EXPECT_EQ(predicted({"e.csv", "--delimiter", "semicolon", "--decimal", ","}), same);
  EXPECT_EQ(refusal({"e.csv", "--delimiter", "q"}).find("64 esscher: --delimiter = 'q'"), 0U);
  EXPECT_EQ(refusal({"e.csv", "--decimal", "q"}).find("64 esscher: --decimal = 'q'"), 0U);
  // A configuration says it, too.
  folder_.write("c.toml", "delimiter = \";\"\ndecimal = \",\"\nmissing = [\"?\", -999]\n");
  EXPECT_EQ(fit("e.csv", {"--config", "c.toml"}).exit_code, 0);
}

TEST_F(TableFormats, WhatMayBeReadInTwoWaysIsRefused) {
  folder_.write("t.tsv", "a\ty\n1,234\t1\n2,345\t2\n5\t4\n");
  expect_parts(refusal({"t.tsv"}), {"65 ",
                                    "t.tsv: row 1, column a: '1,234' is 1234 by --decimal . "
                                    "and 1.234 by --decimal ,; say which"});
  // Thousands, decimals or two numbers: what lies beside them, and what parts fields, tells
  // nothing.
  const std::string thousands = "a,y\n\"1,234\",1\n5,2\n7,4\n12,3\n";
  folder_.write("t.csv", thousands);
  expect_parts(refusal({"t.csv"}),
               {"65 ", "t.csv: row 1, column a: '1,234' is 1234 by --decimal . "});
  folder_.write("t.csv", replaced(thousands, "1,234", "1,234,567"));
  expect_parts(refusal({"t.csv"}), {"65 ",
                                    "t.csv: row 1, column a: '1,234,567' is 1234567 by "
                                    "--decimal ., or 3 numbers, a list as --features "
                                    "'NAME:vector' takes it; say which\n"});
  folder_.write("t.csv", replaced(thousands, "\"1,234\"", "1 234"));
  expect_parts(refusal({"t.csv"}), {"65 ",
                                    "t.csv: row 1, column a: '1 234' is 1234 by --decimal "
                                    "., or 2 numbers, a list as"});
  // Not even numbers that can be nothing else tell of another column.
  folder_.write("t.csv", "a,b,y\n\"1,234\",\"1,000,000\",0.5\n5,\"2,005,000\",1\n7,3,1.5\n");
  expect_parts(refusal({"t.csv", "--features", "a"}), {"65 ", "row 1, column a: '1,234' is 1234"});
  folder_.write("t.csv", "a,y\n0.5,1\n\"0,5\",2\n5,4\n");
  expect_parts(refusal({"t.csv", "--features", "a"}),
               {"65 ", "row 2, column a: '0,5' is no number with a decimal point",
                "--decimal , reads it as 0.5"});
  folder_.write("t.csv", "a,y\nlow,1\n2,2\n5,4\n");
  expect_parts(refusal({"t.csv", "--features", "a"}),
               {"65 ", "row 1, column a: 'low' is not a number", "--missing"});
  folder_.write("t.csv", "0.5,1\n1.5,2\n");
  expect_parts(refusal({"t.csv"}), {"65 ", "header: only numbers, '0.5', '1'", "must name"});
}

TEST_F(TableFormats, WordsOfMissingValuesAreKnownOrSaid) {
  folder_.write("t.csv", data_csv() + "p20,N/A,0.5,0.1\np20,?,0.5,0.1\n");
  const Words impute{"--impute", "mean"};
  EXPECT_NE(fit("t.csv", impute).err.find("row 82, column a: '?' is not a number"),
            std::string::npos);
  const Outcome outcome = fit("t.csv", {"--impute", "mean", "--missing", "?,unknown"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("2 missing values imputed"), std::string::npos) << outcome.out;
}

TEST_F(TableFormats, CompressedTablesAreToldByTheirBytes) {
  const std::string same = predicted({"data.csv"});
  folder_.write("t.csv.gz", gzip_of(data_csv()));
  folder_.write("t.csv.zst", zstd_of(data_csv()));
  folder_.write("t.csv", zstd_of(data_csv()));
  folder_.write("two.csv.gz", gzip_of(data_csv().substr(0, 999)) + gzip_of(data_csv().substr(999)));
  for (const char* file : {"t.csv.gz", "t.csv.zst", "t.csv", "two.csv.gz"}) {
    EXPECT_EQ(predicted({file}), same) << file;
    EXPECT_EQ(said_, "") << file;
  }
}

TEST_F(TableFormats, CompressedTablesThatAreBrokenSaySo) {
  std::string packed = gzip_of(data_csv());
  folder_.write("t.gz", packed.substr(0, packed.size() / 2));
  expect_parts(refusal({"t.gz"}), {"65 ", "t.gz: the gzip data are cut off; copy or download"});
  packed[packed.size() - 6] ^= 1;
  folder_.write("t.gz", packed);
  expect_parts(refusal({"t.gz"}), {"65 ", "t.gz: the gzip data are damaged (", "); copy or"});
  packed = zstd_of(data_csv());
  folder_.write("t.zst", packed.substr(0, packed.size() / 2));
  expect_parts(refusal({"t.zst"}), {"65 ", "t.zst: the zstd data are cut off; copy or download"});
  packed[packed.size() - 2] ^= 1;
  folder_.write("t.zst", packed);
  expect_parts(refusal({"t.zst"}), {"65 ", "t.zst: the zstd data are damaged (", "); copy or"});
}

TEST_F(TableFormats, ASmallFileThatUnpacksToALargeOneIsRefused) {
  folder_.write("t.csv.gz", gzip_of("a,y\n" + std::string(2'000'000, '\n') + "1,2\n2,3\n"));
  expect_parts(refusal({"t.csv.gz", "--unpack-limit", "0.001"}),
               {"65 ", "t.csv.gz: unpacks to more than 0.001 GB", "raise --unpack-limit"});
  expect_parts(refusal({"t.csv.gz", "--unpack-limit", "none"}), {"64 ", "--unpack-limit = 'none'"});
  expect_parts(refusal({"t.csv.gz", "--unpack-limit", "0"}), {"64 ", "--unpack-limit = 0"});
  // Within the limit, it is the folds that are too many for two rows.
  expect_parts(refusal({"t.csv.gz", "--unpack-limit", "0.01"}), {"64 ", "--folds"});
}

TEST_F(TableFormats, OtherKindsOfFilesSayWhatToDo) {
  folder_.write("x.npy.gz", gzip_of("\x93NUMPY"));
  expect_parts(refusal({"x.npy.gz"}),
               {"64 ", "--data = 'x.npy.gz': arrays are read in place", "gunzip -k x.npy.gz"});
  folder_.write("x.gz", gzip_of("\x93NUMPY"));
  expect_parts(refusal({"x.gz"}), {"64 ", "x.gz: it holds a NumPy array", ".npy: gunzip -k x.gz"});
  folder_.write("t.csv", "PK\x03\x04");
  expect_parts(refusal({"t.csv"}),
               {"64 ", "--data = 't.csv': zip files are not read", "unpack it: unzip t.csv"});
  folder_.write("t.csv", "<!DOCTYPE html>\n<html>");
  expect_parts(refusal({"t.csv"}), {"64 ", "t.csv': it is a web page", "read_html('t.csv')"});
  expect_parts(refusal({"t.xlsx"}), {"64 ", "t.xlsx", "Excel files are not read"});
  expect_parts(refusal({"t.csv.bz2"}), {"64 ", "bzip2 files", "unpack it: bunzip2 -k t.csv.bz2"});
  expect_parts(refusal({"t.csv.xz"}), {"64 ", "xz files", "unpack it: unxz -k t.csv.xz"});
  expect_parts(refusal({"t.csv.zip"}), {"64 ", "zip files", "unpack it: unzip t.csv.zip"});
  folder_.write("stdin", "PAR1\x15\x04");
  expect_parts(refusal({"-"}), {"64 ", "standard input: Parquet files are not read", "FILE.parquet",
                                "read_table('FILE.parquet')"});
}

TEST_F(TableFormats, JsonLinesAreTablesInEveryRole) {
  const std::string same = predicted({"data.csv"});
  folder_.write("t.jsonl", data_jsonl(false));
  folder_.write("t.ndjson.gz", gzip_of(data_jsonl(false)));
  for (const char* file : {"t.jsonl", "t.ndjson.gz"}) {
    EXPECT_EQ(predicted({file}), same) << file;
    EXPECT_EQ(said_, "") << file;
  }
  folder_.write("l.jsonl", data_jsonl(true));
  const Words more{"--reward",  "y",      "--group", "prompt", "--exclude",
                   "prompt=p3", "--beta", "1",       "-o",     "l.safetensors"};
  Words words{"fit", "l.jsonl", "--features", "e*"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome listed = run(words, folder_);
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_NE(listed.out.find("76 rows, 2 features"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("the reward turns on e[0]"), std::string::npos) << listed.out;
  // By default a text is no feature, and neither is a list of objects.
  const Outcome open =
      run({"fit", "t.jsonl", "--reward", "y", "--beta", "1", "-o", "d.safetensors"}, folder_);
  EXPECT_NE(open.out.find("'messages' (text, '[{\"role\":\"user\"}]') is left out"),
            std::string::npos)
      << open.out << open.err;
  words[1] = "t.jsonl";
  words[2] = "--one-hot";
  words[3] = "prompt";
  words.erase(words.begin() + 6, words.begin() + 10);
  const Outcome one_hot = run(words, folder_);
  EXPECT_NE(one_hot.out.find("80 rows, 20 features"), std::string::npos)
      << one_hot.out << one_hot.err;
}

TEST_F(TableFormats, JsonLinesThatCannotBeReadNameTheRow) {
  const auto said = [&](const std::string& text) {
    folder_.write("t.jsonl", text);
    return refusal({"t.jsonl"});
  };
  const std::string row = "{\"a\":1,\"e\":[1,2],\"y\":1}\n";
  expect_parts(said(row + "{\"a\":2\n"), {"65 ", "t.jsonl: row 2: no JSON (", "whole object"});
  expect_parts(said(row + "{\"a\":2,\"e\":[1]}\n"),
               {"65 ", "t.jsonl: row 2: key 'e': a list of 1 where row 1 has 2", "one length"});
  expect_parts(said(row + "{\"a\":{\"b\":1}}\n"),
               {"65 ", "row 2: key 'a': an object where row 1 has a single value"});
  expect_parts(said(row + "{\"a\":oops,\"y\":1}\n"), {"65 ", "row 2: key 'a': 'oops' is no JSON"});
  expect_parts(said("[" + row + "]"), {"65 ", "row 1: a list; write its objects one a line"});
  expect_parts(said(""), {"65 ", "t.jsonl: the file is empty; it must hold an object a line"});
  expect_parts(said(row + "{\"a\":\"1,5\",\"y\":2,\"e\":[2,3]}\n"),
               {"65 ", "t.jsonl: row 2, column a: '1,5' is no number as JSON writes them"});
  expect_parts(said(row + "{\"a\":\"u\",\"y\":2,\"e\":[2,3]}\n{\"y\":3}\n"),
               {"65 ", "t.jsonl: row 3, column e[0]: missing, 1 row in all", "--impute mean"});
}

TEST_F(TableFormats, StandardInputIsATableOfEitherKind) {
  const std::string same = predicted({"data.csv"});
  for (const auto& [bytes, remark] :
       {std::pair(data_csv(), std::string()),
        std::pair(gzip_of(european()), std::string("standard input: read with ';' between fields "
                                                   "and decimal commas.")),
        std::pair(zstd_of(data_jsonl(false)),
                  std::string("standard input: read as JSON lines."))}) {
    folder_.write("stdin", bytes);
    EXPECT_EQ(predicted({"-"}), same);
    EXPECT_EQ(said_, remark.empty() ? "" : "esscher: " + remark + "\n");
    const Outcome fitted = fit("-");
    EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
    EXPECT_NE(fitted.out.find(remark), std::string::npos) << fitted.out;
    EXPECT_EQ(run({"resample", "m.safetensors", "-", "--beta", "1", "--n", "2"}, folder_).exit_code,
              0);
    EXPECT_EQ(run({"evaluate", "-", "--reward", "y", "--features", "a,b", "--beta", "2",
                   "--bootstrap", "100"},
                  folder_)
                  .exit_code,
              0);
  }
  folder_.write("x.csv", data_csv(false));
  folder_.write("stdin", data_csv());
  EXPECT_EQ(fit("x.csv", {"--table", "-"}).exit_code, 0);
}

TEST_F(TableFormats, StandardInputIsCalledThatAndReadOnce) {
  folder_.write("stdin", "a,y\n1,2\n3\n");
  expect_parts(refusal({"-"}), {"65 ", "esscher: standard input: row 2: 1 field where"});
  folder_.write("stdin", "a,y\n1,2\n");
  expect_parts(refusal({"-"}), {"65 ", "esscher: standard input: 1 row is left of 1"});
  folder_.write("stdin", "");
  expect_parts(refusal({"-"}), {"65 ", "esscher: standard input: the file is empty"});
  expect_parts(refusal({"-", "--table", "-"}), {"64 ", "--table = -: standard input is DATA"});
  folder_.write("stdin", "beta = 1\n");
  expect_parts(refusal({"-", "--config", "-"}), {"64 ", "--config = -: standard input is a table"});
}

TEST_F(TableFormats, Utf16IsReadToTheSameBits) {
  const std::string same = predicted({"data.csv"});
  for (const bool big : {false, true}) {
    const std::string marked = utf16_of(kUtf16Mark + data_csv(), big);
    folder_.write("m.csv", marked);
    folder_.write("m.csv.gz", gzip_of(marked));
    folder_.write("plain.csv", utf16_of(data_csv(), big));
    folder_.write("tabs.txt", utf16_of(kUtf16Mark + replaced(data_csv(), ",", "\t"), big));
    folder_.write("t.jsonl", utf16_of(kUtf16Mark + data_jsonl(false), big));
    for (const char* file : {"m.csv", "m.csv.gz", "plain.csv", "tabs.txt", "t.jsonl"}) {
      EXPECT_EQ(predicted({file}), same) << file;
    }
    folder_.write("stdin", marked);
    EXPECT_EQ(predicted({"-"}), same);
  }
}

TEST_F(TableFormats, Utf16ThatCannotBeReadIsRefusedWithItsRemedy) {
  const std::string marked = utf16_of(kUtf16Mark + std::string("a,y\n1,2\n"));
  folder_.write("t.csv", marked + "\x34\xD8" + utf16_of("x"));
  expect_parts(refusal({"t.csv"}), {"65 ",
                                    "t.csv: line 3, byte 19: the file is UTF-16 and has half "
                                    "a character, 0xD834; copy the file again, or save"});
  folder_.write("t.csv", marked.substr(0, marked.size() - 1));
  expect_parts(refusal({"t.csv"}), {"65 ", "t.csv: line 2, byte 17: the file is UTF-16 and ends "});
  // Cyrillic letters without a mark: their order is likely, not certain.
  const std::string russian = utf16_of("\u0438\u043C\u044F,y\n1,2\n2,3\n");
  const std::string what = "the file seems to be UTF-16 without a mark of its byte order; ";
  folder_.write("my t.csv", russian);
  expect_parts(refusal({"my t.csv"}),
               {"65 ", "my t.csv: " + what +
                           "convert it: iconv -f UTF-16LE -t UTF-8 < 'my t.csv' "
                           "> 'my t.converted.csv'\n"});
  folder_.write("t.csv.gz", gzip_of(russian));
  expect_parts(refusal({"t.csv.gz"}), {"65 ", what + "unpack it and convert it: gunzip -k t.csv.gz "
                                                     "&& iconv -f UTF-16LE -t UTF-8 < t.csv > "
                                                     "t.converted.csv\n"});
  folder_.write("stdin", russian);
  expect_parts(refusal({"-"}), {"65 ", "standard input: " + what + "pipe it through iconv"});
}

TEST_F(TableFormats, ExclusionsHaveAPointWhateverTheTableHas) {
  folder_.write("e.csv", european());
  Words words{"fit", "e.csv", "--reward", "y", "--features", "a,b", "-o", "e.safetensors"};
  words.insert(words.end(), {"--exclude", "a=1,5"});
  expect_parts(refused(words, folder_), {"64 ", "--exclude = a=1,5", "commas part the list",
                                         "write the number with a point, a=1.5"});
}

}  // namespace
}  // namespace esscher::cli
