#include "esscher/io/table_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "esscher/base/error.h"
#include "esscher/io/csv.h"
#include "random_table.h"

namespace esscher {
namespace {

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
  const std::string bytes = table_text(table, dialect);
  CsvReader reader = CsvReader::over(bytes, "t.csv", format);
  RC_ASSERT(gives(reader, table));
}

TEST(TableReader, OpensAFileAndSaysHowItWasRead) {
  const auto path = std::filesystem::path(testing::TempDir()) / "table_reader_test.csv";
  std::ofstream(path, std::ios::binary) << "a;b\n0,5;u\n?;v\n";
  const auto reader = open_table(path.string(), {.missing = {"?"}});
  EXPECT_EQ(reader->name(), path.string());
  EXPECT_EQ(reader->columns(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader->remark(), path.string() + ": read with ';' between fields and decimal commas.");
  std::vector<std::string_view> fields;
  ASSERT_TRUE(reader->next(fields));
  EXPECT_EQ(reader->number(fields[0], 0), 0.5);
  try {
    reader->number(fields[1], 1);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).find(path.string() + ": row 1, column b: 'u' is not"), 0U);
  }
  ASSERT_TRUE(reader->next(fields));
  EXPECT_TRUE(std::isnan(reader->number(fields[0], 0)));
  EXPECT_EQ(reader->row(), 2U);
  EXPECT_FALSE(reader->next(fields));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace esscher
