#include "io/file_kind.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <tuple>

#include "array_bytes.h"

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
        std::tuple("x.ARROW", "Feather"), std::tuple("x.ipc", "Feather"),
        std::tuple("x.pt", "PyTorch"), std::tuple("x.pth", "PyTorch"),
        std::tuple("x.bin", "PyTorch"), std::tuple("x.xlsx", "Excel"), std::tuple("x.xls", "Excel"),
        std::tuple("x.ods", "OpenDocument"), std::tuple("x.h5", "HDF5"),
        std::tuple("x.hdf5", "HDF5"), std::tuple("x.pkl", "pickle"), std::tuple("x.rds", "R data"),
        std::tuple("x.json", "JSON"), std::tuple("x.sav", "SPSS"), std::tuple("x.dta", "Stata")}) {
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
  for (const char* text : {"PAR1,y\n1,2\n", "ARROW1\n1\n", "$FL2,y\n1,2\n", "PK,y\n1,2\n", ""}) {
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

TEST(FileKind, TheCommandNamesTheFileAndAnother) {
  EXPECT_EQ(unread_kind("x.parquet")->command,
            "python -c \"import pandas; pandas.read_parquet('x.parquet').to_csv('x.csv', "
            "index=False)\"");
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
  EXPECT_NE(unread_kind(file.path())->command.find("x.converted.csv"), std::string::npos);
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
