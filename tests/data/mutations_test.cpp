#include "esscher/data/mutations.h"

#include <gtest/gtest.h>

#include <fstream>

#include "esscher/base/error.h"

namespace esscher {
namespace {

using Substitutions = std::vector<Substitution>;

std::string refused_cell(std::string_view text) {
  try {
    parse_substitutions(text);
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

TEST(Mutations, AreReadInEverySpelling) {
  const Substitutions both{{'A', 24, 'G'}, {'T', 30, 'S'}};
  for (const char* text : {"A24G:T30S", "A24G;T30S", "A24G,T30S", "A24G/T30S", "A24G T30S",
                           " A24G , T30S", "p.Ala24Gly;p.Thr30Ser", "p.(Ala24Gly):p.(Thr30Ser)",
                           "p.[Ala24Gly;Thr30Ser]", "ALA24GLY THR30SER", "p.A24G:Thr30Ser"}) {
    EXPECT_EQ(parse_substitutions(text), both) << text;
  }
  EXPECT_EQ(parse_substitutions("A24="), (Substitutions{{'A', 24, 'A'}}));
  EXPECT_EQ(parse_substitutions("p.Trp1Sec"), (Substitutions{{'W', 1, 'U'}}));
}

TEST(Mutations, OfTheWildTypeAreNone) {
  for (const char* text : {"", " ", "=", "WT", "wt", "_wt", "_WT", "p.=", "p.(=)"}) {
    EXPECT_TRUE(parse_substitutions(text).empty()) << text;
  }
}

TEST(Mutations, RefuseWhatIsNone) {
  for (const char* text :
       {"hello", "CCO", "A24", "24G", "1.5", "A24GG", "Foo24Gly", "A12345678901G"}) {
    EXPECT_NE(refused_cell(text).find("is no substitution; write letter, position, letter"),
              std::string::npos)
        << text << ": " << refused_cell(text);
  }
  for (const char* text : {"A24*", "p.Ala24Ter", "*24A"}) {
    EXPECT_NE(refused_cell(text).find("is a stop codon"), std::string::npos) << refused_cell(text);
  }
  for (const char* text :
       {"A24del", "p.Ala24del", "A24_T26del", "A24insG", "A24-", "A24fs", "A24dup"}) {
    EXPECT_NE(refused_cell(text).find("is a deletion, an insertion or a shift"), std::string::npos)
        << refused_cell(text);
  }
  EXPECT_NE(refused_cell("A24X").find("unknown residue"), std::string::npos);
  EXPECT_NE(refused_cell("A24G:A24S").find("names position 24 twice"), std::string::npos);
  EXPECT_NE(refused_cell("A24G:WT").find("names the wild type beside"), std::string::npos);
}

TEST(Mutations, BecomeWholeSequences) {
  SequenceReading reading{.wild_type = "MKTA", .first_position = 10};
  EXPECT_EQ(read_sequence("K11R:A13G", reading), "MRTG");
  EXPECT_EQ(read_sequence("WT", reading), "MKTA");
  EXPECT_EQ(misfit({'K', 12, 'R'}, reading),
            "'K12R' says K at position 12, where the wild type has T");
  EXPECT_EQ(misfit({'K', 9, 'R'}, reading),
            "'K9R' lies outside the wild type, whose positions run from 10 to 13");
  EXPECT_NE(misfit({'K', 11, 'r'}, reading).find("--fold-case"), std::string::npos);
  reading.fold_case = true;
  EXPECT_EQ(read_sequence("k11r", reading), "MRTA");
  EXPECT_EQ(read_sequence("mkta", {.fold_case = true}), "MKTA");
}

TEST(Mutations, FindTheFirstPositionThatFits) {
  const Substitutions changes{{'K', 101, 'R'}, {'A', 103, 'G'}};
  EXPECT_EQ(fitting_first_positions(changes, "MKTA"), (std::vector<std::int64_t>{100}));
  EXPECT_EQ(fitting_first_positions(Substitutions{{'K', 2, 'R'}}, "GGMK"),
            (std::vector<std::int64_t>{-1}));
  EXPECT_TRUE(fitting_first_positions(changes, "MKTC").empty());
  EXPECT_EQ(fitting_first_positions(Substitutions{{'A', 2, 'C'}}, "AA").size(), 2U);
}

TEST(WildTypes, AreReadFromTextAndFiles) {
  const std::string path = testing::TempDir() + "wild_type.fasta";
  const auto written = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return read_wild_type("@" + path, false, "--wild-type");
  };
  EXPECT_EQ(read_wild_type("MK TA", false, "--wild-type"), "MKTA");
  EXPECT_EQ(read_wild_type("mkTA", true, "--wild-type"), "MKTA");
  EXPECT_EQ(written(">sp|P1|GB1\r\nMKT\r\nAA*\r\n"), "MKTAA");
  EXPECT_EQ(written("MKT\nAA\n"), "MKTAA");
  EXPECT_THROW(written(">a\nMKT\n>b\nAA\n"), UsageError);
  EXPECT_THROW(written(">a\n"), UsageError);
  EXPECT_THROW(read_wild_type("MK1", false, "--wild-type"), UsageError);
  EXPECT_THROW(read_wild_type("mkTA", false, "--wild-type"), UsageError);
  EXPECT_THROW(read_wild_type(std::string(10'001, 'A'), false, "--wild-type"), UsageError);
  EXPECT_THROW(read_wild_type("@" + path + ".none", false, "--wild-type"), IoError);
}

}  // namespace
}  // namespace esscher
