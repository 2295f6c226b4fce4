#include "esscher/io/table_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "../support/packed.h"
#include "../support/utf16.h"
#include "esscher/base/error.h"
#include "random_table.h"

namespace esscher {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes)
      : path_((std::filesystem::path(testing::TempDir()) /
               (std::string("table_reader_") +
                testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv"))
                  .string()) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Whether the reader gives just these bits and texts.
bool gives(TableReader& reader, const RandomTable& table) {
  const std::size_t columns = table.numbers[0].size();
  if (reader.columns().size() != columns + 1) return false;
  std::vector<std::string_view> fields;
  for (std::size_t i = 0; i < table.numbers.size(); ++i) {
    if (!reader.next(fields) || fields[columns] != table.texts[i]) return false;
    for (std::size_t j = 0; j < columns; ++j) {
      const double read = reader.number(fields[j], j);
      const double written = table.numbers[i][j];
      const bool same =
          std::bit_cast<std::uint64_t>(read) == std::bit_cast<std::uint64_t>(written) ||
          (std::isnan(read) && std::isnan(written));
      if (!same) return false;
    }
  }
  return !reader.next(fields);
}

RC_GTEST_PROP(TableReaderProperty, ATableReadsToTheSameBitsInEveryDialect, ()) {
  const RandomTable table = random_table();
  TextDialect dialect;
  dialect.delimiter = *rc::gen::element(',', ';', '\t', '|');
  dialect.decimal = *rc::gen::element('.', ',');
  dialect.end = *rc::gen::element<std::string>("\n", "\r\n");
  dialect.missing = *rc::gen::element<std::string>("", "NA", "null", "<NA>", "-");
  dialect.quotes = *rc::gen::arbitrary<bool>();
  dialect.byte_order_mark = *rc::gen::arbitrary<bool>();
  dialect.comments = *rc::gen::arbitrary<bool>();
  dialect.empty_lines = *rc::gen::arbitrary<bool>();
  TableFormat format;
  if (*rc::gen::arbitrary<bool>()) {
    const std::string other(1, dialect.decimal == '.' ? ',' : '.');
    dialect.thousands = *rc::gen::element<std::string>("", other, " ", "\u00A0", "'");
    format.delimiter = dialect.delimiter;
    format.decimal = dialect.decimal;
  }
  std::string bytes = table_text(table, dialect);
  // UTF-16 is told by the mark.
  if (dialect.byte_order_mark) {
    bytes = *rc::gen::element(bytes, utf16_of(bytes), utf16_of(bytes, true));
  }
  const std::string packed = *rc::gen::element(bytes, gzip_of(bytes), zstd_of(bytes));
  const TemporaryFile file(packed);
  RC_ASSERT(gives(*open_table(file.path(), format), table));
}

RC_GTEST_PROP(TableReaderProperty, ATableReadsToTheSameBitsAsJsonLines, ()) {
  const RandomTable table = random_table();
  const std::string text = table_jsonl(table, *rc::gen::arbitrary<bool>());
  const std::string bytes =
      *rc::gen::element(text, utf16_of(kUtf16Mark + text), utf16_of(kUtf16Mark + text, true));
  const TemporaryFile file(*rc::gen::element(bytes, gzip_of(bytes), zstd_of(bytes)));
  const auto reader = open_table(file.path());
  RC_ASSERT(gives(*reader, table));
  RC_ASSERT(reader->remark() == file.path() + ": read as JSON lines.");
}

TEST(TableReader, JsonLinesAreToldByNameOrFirstCharacter) {
  const auto columns = [](const std::string& bytes) {
    const TemporaryFile file(bytes);
    return open_table(file.path())->columns();
  };
  EXPECT_EQ(columns("\n {\"a\":1}\n"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(columns("[a],b\n1,2\n"), (std::vector<std::string>{"[a]", "b"}));
  EXPECT_THROW(columns("[\n{\"a\":1}]"), DataError);
}

TEST(TableReader, OpensAFileAndSaysHowItWasRead) {
  const TemporaryFile file("a;b\n0,5;u\n?;v\n");
  const auto reader = open_table(file.path(), {.missing = {"?"}});
  EXPECT_EQ(reader->name(), file.path());
  EXPECT_EQ(reader->columns(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader->remark(), file.path() + ": read with ';' between fields and decimal commas.");
  std::vector<std::string_view> fields;
  ASSERT_TRUE(reader->next(fields));
  EXPECT_EQ(reader->number(fields[0], 0), 0.5);
  try {
    reader->number(fields[1], 1);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).find(file.path() + ": row 1, column b: 'u' is not"), 0U);
  }
  ASSERT_TRUE(reader->next(fields));
  EXPECT_TRUE(std::isnan(reader->number(fields[0], 0)));
  EXPECT_EQ(reader->row(), 2U);
  EXPECT_FALSE(reader->next(fields));
}

}  // namespace
}  // namespace esscher
