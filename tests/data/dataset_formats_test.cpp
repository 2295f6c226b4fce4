// Tables as other programs write them, as datasets.

#include <cmath>

#include "dataset_files.h"

namespace esscher {
namespace {

using Rows = std::vector<std::vector<double>>;

class DatasetFormats : public DatasetFiles {
 protected:
  DatasetOptions of(const std::string& name, const std::string& bytes) const {
    DatasetOptions options;
    options.data = put(name, bytes);
    options.reward = "y";
    return options;
  }
};

TEST_F(DatasetFormats, AnotherDialectGivesTheSameDataAndARemark) {
  const DatasetOptions plain = of("p.csv", "g,a,b,y\nu,0.5,2,1.5\nv,1.5,NA,2\nu,2.5,4,0\n");
  DatasetOptions turned =
      of("t.csv", "# exported\r\ng;a;b;y\r\nu;0,5;2;1,5\r\nv;1,5;NULL;2\r\nu;2,5;4;0\r\n");
  DatasetOptions options = plain;
  options.impute_mean = turned.impute_mean = true;
  options.group = turned.group = "g";
  const Dataset a = load_dataset(options);
  const Dataset b = load_dataset(turned);
  EXPECT_EQ(rows_of(a), rows_of(b));
  EXPECT_EQ(a.rewards, b.rewards);
  EXPECT_EQ(a.groups, b.groups);
  EXPECT_EQ(b.remarks.at(0), path("t.csv") +
                                 ": read with ';' between fields and decimal commas, from behind 1 "
                                 "line of comments.");
  EXPECT_EQ(remark(a, "read with"), "");
}

TEST_F(DatasetFormats, TablesBesideEachOtherMayDiffer) {
  DatasetOptions options = of("x.csv", "id;a\n0,5;1\n1,5;2\n2,5;4\n");
  options.table = put("y.tsv", "id\ty\n0.5\t1\n1.50\t2\n2.5\t3\n");
  options.exclude = {"id=2.5"};
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.rewards, (std::vector<double>{1, 2}));
  EXPECT_NE(remark(data, "x.csv: read with ';'"), "");
  options.table = put("y.tsv", "id\ty\n0.5\t1\n3.5\t2\n2.5\t3\n");
  EXPECT_NE(refusal(options).find("row 2, column id: '3.5' where x.csv has '1,5'"),
            std::string::npos);
}

TEST_F(DatasetFormats, MarksThatMayBeEitherAreRefusedUntilSaid) {
  DatasetOptions options = of("t.tsv", "a\ty\n1,234\t1\n2,345\t2\n5\t4\n");
  EXPECT_EQ(refusal(options),
            "data: t.tsv: row 1, column a: '1,234' is 1234 by --decimal . and 1.234 by --decimal "
            ",; say which");
  options.format.decimal = ".";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1234}, {2345}, {5}}));
  options.format.decimal = ",";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1.234}, {2.345}, {5}}));
}

TEST_F(DatasetFormats, WordsOfMissingValuesCanBeAdded) {
  DatasetOptions options = of("t.csv", "a,y\n1,1\n-999,2\n3,?\n5,4\n");
  options.features = "a";
  EXPECT_NE(refusal(options).find("row 3, column y: '?' is not a number; a missing value is an "
                                  "empty field, or a word that --missing names"),
            std::string::npos);
  options.format.missing = {"?", "-999"};
  EXPECT_NE(refusal(options).find("row 2, column a: missing, 1 row in all"), std::string::npos);
  options.impute_mean = true;
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1}, {3}, {5}}));
}

}  // namespace
}  // namespace esscher
