// Files of kinds that are not read: one line says how to convert them.

#include <gtest/gtest.h>

#include <string>

#include "../support/packed.h"
#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

TEST(FileKinds, DataOfAnotherKindSayHowToConvertThem) {
  const Folder folder;
  folder.write("it's.parquet", "PAR1");
  expect_parts(refused({"fit", "it's.parquet", "--reward", "y", "-o", "m.safetensors"}, folder),
               {"64 ", "--data = 'it's.parquet'", "Parquet files are not read",
                "convert it: python -c \"import json, pyarrow.parquet as p; open('it\\x27s.jsonl', "
                "'w').writelines(json.dumps(r, default=str) + '\\n' for r in "
                "p.read_table('it\\x27s.parquet').to_pylist())\"\n"});
  folder.write("x.csv", "PAR1\x15\x04");
  expect_parts(refused({"evaluate", "x.csv", "--reward", "y"}, folder),
               {"64 ", "--data = 'x.csv'", "Parquet files are not read", "open('x.jsonl', 'w')",
                "p.read_table('x.csv').to_pylist()"});
}

TEST(FileKinds, PackedAndForeignFilesAreToldByNameAndByBytesWhereverTheyLie) {
  using std::literals::operator""s;
  const Folder folder;
  const auto said = [&](const std::string& data) {
    return refused({"fit", data, "--reward", "y", "-o", "m.safetensors"}, folder);
  };
  struct Foreign {
    std::string kind;
    std::string extension;
    std::string bytes;
    std::string by_name;   ///< what is said of a file of that extension
    std::string by_bytes;  ///< of a csv file with these bytes
  };
  const Foreign kinds[] = {
      {"xz", "xz",
       "\xfd"
       "7zXZ\0\0\4"s,
       "unpack it: unxz -k none.csv.xz\n", "unpack it: unxz -c < t.csv > t.converted.csv\n"},
      {"bzip2", "bz2", "BZh91AY&SY\1\2"s, "unpack it: bunzip2 -k none.csv.bz2\n",
       "unpack it: bunzip2 -c < t.csv > t.converted.csv\n"},
      {"zip", "zip", "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0\6\0\0\0\5\0\0\0x.csv1,2,3\n"s,
       "unpack it: unzip none.csv.zip\n", "unpack it: unzip t.csv\n"},
      {"SQLite", "sqlite", "SQLite format 3\0\x10\0\1\1"s,
       "convert it: python -c \"import pandas, sqlite3; c = sqlite3.connect('none.csv.sqlite')",
       "convert it: python -c \"import pandas, sqlite3; c = sqlite3.connect('t.csv')"},
      {"PDF", "pdf", "%PDF-1.7\n1 0 obj\n"s, "convert it: python -c \"import pandas, pdfplumber;",
       "pdfplumber.open('t.csv').pages"},
  };
  for (const Foreign& foreign : kinds) {
    const std::string what = foreign.kind + " files are not read; ";
    const std::string name = "none.csv." + foreign.extension;
    expect_parts(said(name), {"64 ", "--data = '" + name + "': " + what, foreign.by_name});
    folder.write("t.csv", foreign.bytes);
    expect_parts(said("t.csv"), {"64 ", "--data = 't.csv': " + what, foreign.by_bytes});
    folder.write("t.csv.gz", gzip_of(foreign.bytes));
    expect_parts(said("t.csv.gz"), {"64 ", "t.csv.gz: " + what, "gunzip -k t.csv.gz && "});
    folder.write("stdin", foreign.bytes);
    expect_parts(said("-"), {"64 ", "standard input: " + what + "write it to FILE."});
  }
}

TEST(FileKinds, EveryFileOfACommandIsLookedAt) {
  const Folder folder;
  folder.write("x.csv", data_csv());
  folder.write("t.xlsx", "");
  folder.write("y.pt", "");
  expect_parts(refused({"fit", "x.csv", "--table", "t.xlsx", "--reward", "y", "-o", "m"}, folder),
               {"64 ", "--table = 't.xlsx'", "Excel files are not read", "read_excel('t.xlsx')"});
  expect_parts(refused({"fit", "x.csv", "--reward", "y.pt", "-o", "m"}, folder),
               {"64 ", "--reward = 'y.pt'", "PyTorch files are not read",
                "torch.load('y.pt', map_location='cpu'); numpy.savez('y.npz'"});
  ASSERT_EQ(run({"fit", "x.csv", "--reward", "y", "--features", "a,b", "--beta", "1", "-o",
                 "m.safetensors"},
                folder)
                .exit_code,
            0);
  expect_parts(refused({"predict", "m.safetensors", "new.feather", "-o", "r.npy"}, folder),
               {"64 ", "--data = 'new.feather'", "Feather files are not read"});
}

}  // namespace
}  // namespace esscher::cli
