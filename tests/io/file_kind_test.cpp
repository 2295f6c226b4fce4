#include "io/file_kind.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <tuple>

#include "array_bytes.h"
#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

std::string kind_of(const std::string& name, std::string_view content = {}) {
  const TestFile file(name, content);
  const auto kind = unread_kind(file.path());
  return kind ? kind->name : "";
}

std::string zip_of(const std::string& member) {
  ZipArchive archive;
  archive.add({member, "content"});
  return archive.whole();
}

TEST(FileKind, ExtensionsTell) {
  for (const auto& [name, kind] :
       {std::tuple("x.parquet", "Parquet"), std::tuple("x.feather", "Feather"),
        std::tuple("x.ARROW", "Feather"),   std::tuple("x.ipc", "Feather"),
        std::tuple("x.pt", "PyTorch"),      std::tuple("x.pth", "PyTorch"),
        std::tuple("x.bin", "PyTorch"),     std::tuple("x.xlsx", "Excel"),
        std::tuple("x.xls", "Excel"),       std::tuple("x.ods", "OpenDocument"),
        std::tuple("x.h5", "HDF5"),         std::tuple("x.hdf5", "HDF5"),
        std::tuple("x.pkl", "pickle"),      std::tuple("x.rds", "R data"),
        std::tuple("x.json", "JSON"),       std::tuple("x.sav", "SPSS"),
        std::tuple("x.dta", "Stata"),       std::tuple("x.csv.xz", "xz"),
        std::tuple("x.csv.bz2", "bzip2"),   std::tuple("x.csv.lz4", "lz4"),
        std::tuple("x.csv.zip", "zip"),     std::tuple("x.sqlite", "SQLite"),
        std::tuple("x.pdf", "PDF")}) {
    EXPECT_EQ(kind_of(name), kind) << name;
    // Also where there is no such file.
    EXPECT_TRUE(unread_kind(std::string("/nowhere/") + name)) << name;
  }
  for (const char* name : {"x.csv", "x.tsv", "x.npy", "x.npz", "x.safetensors", "x", "parquet"}) {
    EXPECT_EQ(kind_of(name), "") << name;
  }
}

TEST(FileKind, FirstBytesTellWhateverTheName) {
  using std::literals::operator""sv;
  for (const auto& [bytes, kind] : {
           std::tuple(std::string("PAR1\x15\x04"), "Parquet"),
           std::tuple(std::string("ARROW1\0\0"sv), "Feather"),
           std::tuple(std::string("\xff\xff\xff\xff\x10\0\0\0"sv), "Arrow stream"),
           std::tuple(zip_of("archive/data.pkl"), "PyTorch"),
           std::tuple(zip_of("[Content_Types].xml"), "Excel"),
           std::tuple(zip_of("xl/workbook.xml"), "Excel"),
           std::tuple(std::string("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "Excel"),
           std::tuple(zip_of("mimetype"), "OpenDocument"),
           std::tuple(std::string("\x89HDF\r\n\x1a\n"), "HDF5"),
           std::tuple(std::string("\x80\x04\x95"), "pickle"),
           std::tuple(std::string("X\n\0\0\0\3"sv), "R data"),
           std::tuple(std::string("$FL2@(#) SPSS\2\0"sv), "SPSS"),
           std::tuple(std::string("\xfd"
                                  "7zXZ\0"sv),
                      "xz"),
           std::tuple(std::string("BZh91AY&SY\1"), "bzip2"),
           std::tuple(std::string("\x04\x22\x4d\x18"), "lz4"),
           std::tuple(zip_of("x.csv"), "zip"),
           std::tuple(std::string("SQLite format 3\0"sv), "SQLite"),
           std::tuple(std::string("%PDF-1.4\n1 0 obj\n"), "PDF"),
           std::tuple(std::string("\n <!DOCTYPE html>"), "HTML"),
           std::tuple(std::string("<HTML>"), "HTML"),
       }) {
    EXPECT_EQ(kind_of("x.csv", bytes), kind);
    EXPECT_EQ(kind_of("x", bytes), kind);
  }
  // Once PyTorch wrote pickles.
  EXPECT_EQ(kind_of("x.pt", "\x80\x02\x8a"), "PyTorch");
  // A feather file of the stream format.
  EXPECT_EQ(kind_of("x.arrow", std::string("\xff\xff\xff\xff\x10\0\0\0"sv)), "Arrow stream");
}

TEST(FileKind, TablesWhoseColumnsLookLikeMarksAreTables) {
  for (const char* text : {"PAR1,y\n1,2\n", "ARROW1\n1\n", "$FL2,y\n1,2\n", "PK,y\n1,2\n",
                           "BZh,b\n", "BZh91AY&SY\n1\n", "<a>,b\n", ""}) {
    EXPECT_EQ(kind_of("x.csv", text), "") << text;
  }
}

TEST(FileKind, WhatCanBeReadIsOfItsOwnKindUnderAnyName) {
  const auto refusal = [](const std::string& name, const std::string& bytes) {
    const TestFile file(name, bytes);
    const std::string line =
        refusal_of<UsageError>([&] { require_readable_kind(file.path(), "--data"); });
    const std::size_t colon = line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
  };
  EXPECT_EQ(refusal("x.pt", zip_of("embeddings.npy")),
            "it holds a NumPy archive, whatever its name says; name it .npz");
  EXPECT_EQ(refusal("x.csv", npy_file("{}", "")),
            "it holds a NumPy array, whatever its name says; name it .npy");
  EXPECT_EQ(refusal("x.npz", zip_of("embeddings.npy")), "(no error)");
}

TEST(FileKind, ArchivesAreWhatTheirNamesSay) {
  EXPECT_EQ(kind_of("x.xlsx", zip_of("customXml/item1.xml")), "Excel");
  EXPECT_EQ(kind_of("x.rds", "\x1f\x8b\x08"), "R data");
  EXPECT_EQ(kind_of("x.npz", zip_of("notes.txt")), "");
  EXPECT_EQ(kind_of("x.csv", "\x1f\x8b\x08"), "");
  EXPECT_EQ(kind_of("x.csv", "\x28\xb5\x2f\xfd"), "");
}

TEST(FileKind, PackedFilesAreUnpackedByTheirProgram) {
  EXPECT_EQ(unread_kind("a/x.csv.bz2")->command, "bunzip2 -k a/x.csv.bz2");
  EXPECT_EQ(unread_kind("a b.csv.xz")->command, "unxz -k 'a b.csv.xz'");
  EXPECT_EQ(unread_kind("x.csv.lz4")->command, "unlz4 x.csv.lz4");
  EXPECT_EQ(unread_kind("x.csv.zip")->command, "unzip x.csv.zip");
  const TestFile file("x.csv", "BZh91AY&SY\1");
  const std::string command = unread_kind(file.path())->command;
  EXPECT_TRUE(command.starts_with("bunzip2 -c < ")) << command;
  EXPECT_TRUE(command.ends_with("x.converted.csv")) << command;
}

TEST(FileKind, TablesAreNoneOfThemWhereverTheyComeFrom) {
  using std::literals::operator""sv;
  const auto refusal = [](std::string_view bytes, const std::string& path) {
    return refusal_of<UsageError>([&] { require_table(bytes, path); });
  };
  EXPECT_EQ(refusal("PAR1\x15", "-"),
            "standard input: Parquet files are not read; write it to FILE.parquet, and convert it: "
            "python -c \"import json, pyarrow.parquet as p; open('FILE.jsonl', "
            "'w').writelines(json.dumps(r, default=str) + '\\n' for r in "
            "p.read_table('FILE.parquet').to_pylist())\"");
  EXPECT_EQ(refusal("BZh91AY&SY\1", "-"),
            "standard input: bzip2 files are not read; write it to FILE.bz2, and unpack it: "
            "bunzip2 -k FILE.bz2");
  EXPECT_EQ(refusal("\x93NUMPY\1\0"sv, "-"),
            "standard input: it holds a NumPy array; write it to FILE.npy, which is read in place");
  EXPECT_EQ(refusal("\x1f\x8b\x08", "-"),
            "standard input: it is compressed twice; unpack it once more before");
  EXPECT_NE(refusal("<html>", "-").find("it is a web page, perhaps in place of a download"),
            std::string::npos);
  for (const std::string_view text : {""sv, "a,b\n"sv, "BZh,b\n"sv, "<a>,b\n"sv}) {
    EXPECT_EQ(refusal(text, "-"), "(no error)") << text;
  }
  const TestFile packed("x.csv.gz", "\x1f\x8b\x08");
  const std::string path = packed.path();
  const std::string stem = path.substr(0, path.size() - 3);
  EXPECT_EQ(refusal("\xfd"
                    "7zXZ\0"sv,
                    path),
            path + ": xz files are not read; unpack it twice: gunzip -k " + path +
                " && unxz -c < " + stem + " > " + stem.substr(0, stem.size() - 3) +
                "converted.csv");
  EXPECT_EQ(refusal("PAR1\x15", path),
            path + ": Parquet files are not read; unpack it and convert it: gunzip -k " + path +
                " && python -c \"import json, pyarrow.parquet as p; open('" +
                stem.substr(0, stem.size() - 3) +
                "jsonl', 'w').writelines(json.dumps(r, default=str) + '\\n' for r in "
                "p.read_table('" +
                stem + "').to_pylist())\"");
  EXPECT_EQ(refusal("\x93NUMPY\1\0"sv, path),
            path +
                ": it holds a NumPy array; arrays are read in place; unpack it, and let its "
                "name end in .npy: gunzip -k " +
                path);
  EXPECT_EQ(refusal("\x28\xb5\x2f\xfd", path),
            path + ": it is compressed twice; unpack it once: gunzip -k " + path);
}

TEST(FileKind, TheCommandNamesTheFileAndAnother) {
  EXPECT_EQ(unread_kind("x.parquet")->command,
            "python -c \"import json, pyarrow.parquet as p; open('x.jsonl', "
            "'w').writelines(json.dumps(r, default=str) + '\\n' for r in "
            "p.read_table('x.parquet').to_pylist())\"");
  EXPECT_EQ(unread_kind("a/b.xlsx")->command,
            "python -c \"import pandas; pandas.read_excel('a/b.xlsx').to_csv('a/b.csv', "
            "index=False)\"");
  EXPECT_EQ(unread_kind("x.rds")->command,
            "Rscript -e \"write.csv(readRDS('x.rds'), 'x.csv', row.names=FALSE)\"");
  EXPECT_NE(unread_kind("FROM TO.h5")
                ->command.find("h5py.File('FROM TO.h5'); numpy.savez('FROM "
                               "TO.npz'"),
            std::string::npos)
      << unread_kind("FROM TO.h5")->command;
  // Never onto the file itself.
  const TestFile file("x.csv", "PAR1\x15\x04");
  EXPECT_NE(unread_kind(file.path())->command.find("x.jsonl"), std::string::npos);
}

TEST(FileKind, QuotesAreEscapedForShellAndPython) {
  EXPECT_EQ(quoted_for_shell("plain name.csv"), "'plain name.csv'");
  EXPECT_EQ(quoted_for_shell("it's $HOME \"`\\!"), "'it\\x27s \\x24HOME \\x22\\x60\\x5c\\x21'");
  EXPECT_EQ(quoted_for_shell("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(quoted_for_shell("\xc3\xa9"), "'\xc3\xa9'");
  EXPECT_EQ(quoted_for_shell("\xff"), "'\\udcff'");
}

/// What `sh -c` makes of a word in double quotes.
std::string through_shell(const std::string& word) {
  const std::string command = "printf '%s' \"" + word + "\"";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "(no shell)";
  std::string out;
  for (int letter = 0; (letter = std::fgetc(pipe)) != EOF;) out += static_cast<char>(letter);
  pclose(pipe);
  return out;
}

// Whatever a file is called, the shell hands the string to Python as it stands, with no byte in it
// that would end it there.
RC_GTEST_PROP(FileKind, AShellLeavesTheStringAlone, (const std::vector<unsigned char>& letters)) {
  std::string name;
  for (const unsigned char letter : letters) {
    if (letter != 0) name += static_cast<char>(letter);
  }
  const std::string quoted = quoted_for_shell(name);
  RC_ASSERT(through_shell(quoted) == quoted);
  RC_ASSERT(quoted.find('\'', 1) == quoted.size() - 1);
}

}  // namespace
}  // namespace esscher::internal
