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
  const Dataset data = load_dataset(options);
  EXPECT_EQ(rows_of(data), (Rows{{1}, {3}, {5}}));
  // A model remembers them.
  DatasetOptions other;
  other.data = put("n.csv", "a\n-999\n4\n?\n");
  EXPECT_EQ(rows_of(load_features(other, data.encoding)), (Rows{{3}, {4}, {3}}));
}

TEST_F(DatasetFormats, AMarkBetweenThousandsLicensesNoOther) {
  // Blanks part thousands: the comma may be either.
  const std::string french = "n\tx\ty\n2 134\t5,625\t7,412\n512\t4,870\t7,912\n";
  DatasetOptions options = of("t.tsv", french);
  EXPECT_EQ(refusal(options),
            "data: t.tsv: row 1, column y: '7,412' is 7412 by --decimal . and 7.412 by --decimal "
            ",; say which");
  options.format.decimal = ",";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{2134, 5.625}, {512, 4.87}}));
  // So is the point beside versions that look like parted thousands, until a decimal settles it.
  options = of("v.csv", "v;x;y\n3.412.774;1.595;5.439\n7.598.143;2.492;5.912\n");
  EXPECT_NE(refusal(options).find("column y: '5.439' is 5439 by --decimal , and 5.439 by"),
            std::string::npos);
  options = of("v.csv", "v;x;y\n3.412.774;0,5;5.439\n7.598.143;2,4;5.912\n");
  EXPECT_EQ(load_dataset(options).rewards, (std::vector<double>{5439, 5912}));
}

TEST_F(DatasetFormats, ListsThatBlanksPartAreNoNumbers) {
  const Dataset data = load_dataset(
      of("t.csv", "rgb,x,y\n128 255 164,0.5,1\n113 134 110,0.25,2\n200 201 202,0.75,4\n"));
  EXPECT_EQ(data.feature_names, std::vector<std::string>{"x"});
  EXPECT_NE(remark(data, "'rgb' (text").find("'rgb:vector' would take its 3 numbers"),
            std::string::npos);
  // Zeros behind a mark tell that they are thousands; beside such lists nothing does.
  const std::string n = "rgb,n,y\n128 255 164,1 034,1\n113 134 110,56,2\n200 201 202,7,4\n";
  DatasetOptions options = of("t.csv", n);
  EXPECT_NE(refusal(options).find("'128 255 164' is 128255164 by --decimal ., or 3 numbers, a list "
                                  "as --features 'NAME:vector' takes it; say which"),
            std::string::npos)
      << refusal(options);
  options = of("t.csv", "n,y\n1 034,1\n56,2\n7,4\n");
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1034}, {56}, {7}}));
}

TEST_F(DatasetFormats, ListsOfAnyLengthAreNoThousandsUntilItIsSaid) {
  for (const char* bytes : {"n,y\n\"1,234,567\",1\n56,2\n7,4\n", "n,y\n1 234 567,1\n56,2\n7,4\n"}) {
    DatasetOptions options = of("t.csv", bytes);
    EXPECT_NE(refusal(options).find("t.csv: row 1, column n: '1"), std::string::npos);
    EXPECT_NE(refusal(options).find("567' is 1234567 by --decimal ., or 3 numbers"),
              std::string::npos);
    options.format.decimal = ".";
    EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1234567}, {56}, {7}}));
  }
  DatasetOptions options = of("t.csv", "n,y\n\"1,234,567\",1\n\"2,345,678\",2\n\"3,4,5\",4\n");
  options.features = "n:vector";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{1, 234, 567}, {2, 345, 678}, {3, 4, 5}}));
}

TEST_F(DatasetFormats, CommasPartVectorsWhereverTheyAreNoDecimalMark) {
  // What Python prints, also where three digits might be thousands.
  DatasetOptions options =
      of("t.csv", "v,y\n\"[0.1, 0.2]\",1\n\"[1.125, 2.250]\",2\n\"[3, 4]\",3\n");
  options.features = "v:vector";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{.1, .2}, {1.125, 2.25}, {3, 4}}));
  // Where they are, they are not.
  options = of("t.csv", "v,y\n\"[0.1, 0.2]\",\"0,63\"\n\"[1.1, 2.2]\",\"0,91\"\n");
  options.features = "v:vector";
  EXPECT_NE(refusal(options).find("'0.1,' is no finite number"), std::string::npos)
      << refusal(options);
}

TEST_F(DatasetFormats, VectorsHaveTheTablesDecimalMark) {
  DatasetOptions options =
      of("t.csv", "v;y\n\"[0,095; 1,250]\";0,63\n0,992 -0,259;0,91\n\"(1;2)\";2,5\n");
  options.features = "v:vector";
  EXPECT_EQ(rows_of(load_dataset(options)), (Rows{{.095, 1.25}, {.992, -.259}, {1, 2}}));
  options.data = put("t.csv", "v;y\n0.095 1.25;0,63\n0,992 1;0,91\n");
  EXPECT_NE(refusal(options).find("'0.095' is no finite number"), std::string::npos);
}

TEST_F(DatasetFormats, NumbersWithTheOtherDecimalMarkAreRefusedNotLeftOut) {
  DatasetOptions options = of("t.csv", "x;z;y\n0,09;1.25;0,63\n0,99;-0.26;0,91\n");
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 1, column z: '1.25' is no number with a decimal comma, as the others "
            "have; --decimal . reads it as 1.25, or leave the column out by --features '!z'");
  options = of("t.csv", "x;z,w;y\n0,09;1.25;0,63\n0,99;-0.26;0,91\n");
  EXPECT_NE(refusal(options).find("leave the column out by --features '!NAME' (rename it first, "
                                  "since no list of columns can name it)"),
            std::string::npos)
      << refusal(options);
  options = of("t.csv", "x;z;y\n1;1.25;0.63\n1,5;-0.26;0.91\n");
  EXPECT_NE(refusal(options).find("row 2, column x: '1,5' is no number with a decimal point"),
            std::string::npos);
  options = of("t.jsonl", "{\"x\":1,\"p\":\"1,569\",\"y\":1}\n{\"x\":2,\"p\":\"2,1\",\"y\":2}\n");
  EXPECT_EQ(refusal(options),
            "data: t.jsonl: row 1, column p: '1,569' is no number as JSON writes them; write it "
            "with a decimal point, if any, or leave the column out by --features '!p'");
  options = of("t.jsonl",
               "{\"x\":1,\"p\":\"1,234,569\",\"y\":1}\n{\"x\":2,\"p\":\"2,100,000\",\"y\":2}\n");
  EXPECT_EQ(remark(load_dataset(options), "'p'").find("vector"), std::string::npos);
}

TEST_F(DatasetFormats, AColumnThatIsMissingTellsHowTheTableWasRead) {
  EXPECT_EQ(refusal(of("t.csv", "# a,y\nu,v\n3,4\n")),
            "usage: --reward = y: t.csv has no such column (t.csv: read from behind 1 line of "
            "comments); it has 'u', 'v'");
}

}  // namespace
}  // namespace esscher
