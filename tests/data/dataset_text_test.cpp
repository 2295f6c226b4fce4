// Columns of text: sequences' letters, mutations, vectors, and what is left out.
#include <string>

#include "dataset_files.h"

namespace esscher {
namespace {

using Kind = EncodedColumn::Kind;
using Rows = std::vector<std::vector<double>>;
using Names = std::vector<std::string>;

class DatasetText : public DatasetFiles {
 protected:
  DatasetOptions of(const std::string& bytes) const {
    DatasetOptions options;
    options.data = put("t.csv", bytes);
    options.reward = "y";
    options.features = "none";
    return options;
  }
};

TEST_F(DatasetText, SequencesTellPositionsAndLetters) {
  DatasetOptions options = of("s,y\nACG,1\nACT,2\n");
  options.one_hot = "s:sequence";
  EXPECT_EQ(remark(load_dataset(options), "letters"), "Column 's': 3 positions, 4 letters (ACGT).");
  options = of("s,y\nACG,1\nACTG,2\n");
  options.one_hot = "s:sequence";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 2, column s: 4 symbols where row 1 has 3; sequences must have one "
            "length");
}

TEST_F(DatasetText, CasesAreMixedOnlyByWish) {
  DatasetOptions options = of("s,y\nACG,1\nACT,2\nacT,3\n");
  options.one_hot = "s:sequence";
  EXPECT_EQ(refusal(options),
            "data: t.csv: column s: sequences mix upper case (row 1) and lower case (row 3); "
            "--fold-case reads both as one letter");
  options.fold_case = true;
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"s[3]=G", "s[3]=T"}));
  EXPECT_NE(remark(data, "lower case is read as upper case"), "");
  const FeatureEncoding read = FeatureEncoding::from_json(data.encoding.to_json(), "m");
  EXPECT_EQ(read, data.encoding);
  DatasetOptions other;
  other.data = put("n.csv", "s\nacg\n");
  EXPECT_EQ(rows_of(load_features(other, read)), (Rows{{1, 0}}));
}

TEST_F(DatasetText, MutationsAreOneHotSequences) {
  DatasetOptions options = of("m,y\nK2R,1\n,2\nWT,3\nK2R:A4G,4\np.(Lys2Thr),5\n");
  options.one_hot = "m:mutations";
  options.wild_type = "MKTA";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"m[2]=K", "m[2]=R", "m[2]=T", "m[4]=A", "m[4]=G"}));
  EXPECT_EQ(
      rows_of(data),
      (Rows{{0, 1, 0, 1, 0}, {1, 0, 0, 1, 0}, {1, 0, 0, 1, 0}, {0, 1, 0, 0, 1}, {0, 0, 1, 1, 0}}));
  // The same as of the whole sequences.
  DatasetOptions whole = of("m,y\nMRTA,1\nMKTA,2\nMKTA,3\nMRTG,4\nMTTA,5\n");
  whole.one_hot = "m:sequence";
  EXPECT_EQ(rows_of(load_dataset(whole)), rows_of(data));
  EXPECT_EQ(remark(data, "wild type"),
            "Column 'm': 4 positions, 6 letters (AGKMRT); mutations of the wild type 'MKTA', from "
            "position 1.");
  const FeatureEncoding read = FeatureEncoding::from_json(data.encoding.to_json(), "m");
  EXPECT_EQ(read, data.encoding);
  DatasetOptions other;
  other.data = put("n.csv", "m\nA4G\n");
  EXPECT_EQ(rows_of(load_features(other, read)), (Rows{{1, 0, 0, 0, 1}}));
  other.data = put("n.csv", "m\nWT\nA4C\n");
  EXPECT_EQ(
      refusal([&] { load_features(other, read); }),
      "data: n.csv: row 2, column m: position 4 has 'C', which the model was not fitted on; it "
      "knows 'A', 'G': leave such rows out");
  other.data = put("n.csv", "m\nT4A\n");
  EXPECT_EQ(refusal([&] { load_features(other, read); }),
            "data: n.csv: row 1, column m: 'T4A' says T at position 4, where the wild type has A");
}

TEST_F(DatasetText, MutationsAreFoundWhereAWildTypeIsGiven) {
  DatasetOptions options = of("n,m,who,y\n1,K2R,K,1\n2,A4G,W,2\n3,,V,3\n");
  options.wild_type = "MKTA";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"m[2]=K", "m[2]=R", "m[4]=A", "m[4]=G"}));
  options.features = "!m";
  EXPECT_EQ(refusal(options),
            "usage: --wild-type = MKTA: no column holds mutations such as A24G:T30S in every row; "
            "mend it, or name the column with --one-hot 'NAME:mutations'");
  options = of("m,y\nK2R,1\nA4G,2\nA4*,3\n");
  options.wild_type = "MKTA";
  EXPECT_EQ(refusal(options),
            "usage: --wild-type = MKTA: no column holds mutations such as A24G:T30S in every row "
            "('m': in row 3 'A4*' is a stop codon, which has no letter; leave the row out by "
            "--exclude); mend it, or name the column with --one-hot 'NAME:mutations'");
}

TEST_F(DatasetText, OtherColumnsThanThatOfTheMutationsAreNotReadAsSuch) {
  DatasetOptions options = of("m,plate,y\nK2R,A2B,1\nA4G,C1D,2\n,C9D,3\n");
  options.wild_type = "MKTA";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"m[2]=K", "m[2]=R", "m[4]=A", "m[4]=G"}));
  const std::string said = remark(data, "'plate' is not read as mutations, which another column");
  EXPECT_NE(said.find("t.csv: row 1, column plate: 'A2B' says A at"), std::string::npos) << said;
  options.data = put("t.csv", "plate,y\nA2B,1\nC1D,2\n");
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 1, column plate: 'A2B' says A at position 2, where the wild type has "
            "K; mend the row, --wild-type or --first-position, or leave it out by --features "
            "'!plate'");
}

TEST_F(DatasetText, LettersThatAreNotTheWildTypesNameTheRemedy) {
  DatasetOptions options = of("m,y\nWT,1\nK102R,2\nA104G,3\n");
  options.one_hot = "m:mutations";
  options.wild_type = "MKTA";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 2, column m: 'K102R' lies outside the wild type, whose positions run "
            "from 1 to 4; every letter fits with --first-position 101");
  options.first_position = 101;
  EXPECT_EQ(load_dataset(options).feature_names,
            (Names{"m[102]=K", "m[102]=R", "m[104]=A", "m[104]=G"}));
  options = of("m,y\nK2R,1\nC4G,2\n");
  options.one_hot = "m:mutations";
  options.wild_type = "MKTA";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 2, column m: 'C4G' says C at position 4, where the wild type has A; "
            "mend the row, --wild-type or --first-position");
  options.wild_type = "";
  EXPECT_EQ(refusal(options),
            "usage: --one-hot = m:mutations: mutations are those of a sequence; give it by "
            "--wild-type SEQUENCE or --wild-type @FILE");
}

TEST_F(DatasetText, VectorsInACellAreFeatures) {
  DatasetOptions options =
      of("e,a,y\n\"[0.1, 0.2]\",1,1\n0.3 -4e1,2,2\n0.5;0.6,3,3\n\"(7,8)\",4,4\n\"[ 9  1 ]\",5,5\n");
  options.features = "e:vector,a";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"e[0]", "e[1]", "a"}));
  EXPECT_EQ(rows_of(data), (Rows{{.1, .2, 1}, {.3, -40, 2}, {.5, .6, 3}, {7, 8, 4}, {9, 1, 5}}));
  EXPECT_EQ(data.encoding.blocks(), (std::vector<int>{-1, -1, -1}));
  const FeatureEncoding read = FeatureEncoding::from_json(data.encoding.to_json(), "m");
  EXPECT_EQ(read, data.encoding);
  DatasetOptions other;
  other.data = put("n.csv", "a,e\n9,1;2\n");
  EXPECT_EQ(rows_of(load_features(other, read)), (Rows{{1, 2, 9}}));
  other.data = put("n.csv", "a,e\n9,1;2;3\n");
  EXPECT_EQ(
      refusal([&] { load_features(other, read); }),
      "data: n.csv: row 1, column e: 3 numbers where the model has vectors of 2; vectors must "
      "have one length");
}

TEST_F(DatasetText, VectorsOfUnequalLengthNameTheRow) {
  const auto said = [&](const std::string& cell) {
    DatasetOptions options = of("e,y\n1 2,1\n" + cell + ",2\n");
    options.features = "e:vector";
    return refusal(options);
  };
  EXPECT_EQ(
      said("1 2 3"),
      "data: t.csv: row 2, column e: 3 numbers where row 1 has 2; vectors must have one length");
  EXPECT_EQ(said("1 x"),
            "data: t.csv: row 2, column e: '1 x' is no vector such as [0.1, 0.2]: 'x' is no finite "
            "number");
  EXPECT_EQ(said(""),
            "data: t.csv: row 2, column e: '' is no vector such as [0.1, 0.2]: a vector has two "
            "numbers or more");
  EXPECT_NE(said("\"1,,2\"").find("'' is no finite number"), std::string::npos);
}

TEST_F(DatasetText, ColumnsOfTextThatAreLeftOutSayHowToUseThem) {
  std::string bytes = "a,smiles,mutant,emb,name,seq,slip,y\n";
  for (int i = 0; i < 80; ++i) {
    const std::string letter(1, static_cast<char>('A' + i % 5));
    bytes += std::to_string(i * i % 17 * .5) + ",C" +
             std::string(static_cast<std::size_t>(i % 3), 'O') + ",A" + std::to_string(i + 1) +
             "G,[0.5 " + std::to_string(i) + "],n" + std::to_string(i) + "," +
             static_cast<char>('A' + i % 9) + static_cast<char>('A' + i / 9) + "," +
             (i == 40 ? "n.d." : std::to_string(i * 0.25)) + "," + std::to_string(i * 3 % 7) + "\n";
  }
  DatasetOptions options = of(bytes);
  options.features = "";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(remark(data, "'smiles'"),
            "'smiles' (text, 'C') is left out: --one-hot smiles would take its 3 levels as "
            "categories.");
  EXPECT_EQ(remark(data, "'mutant'"),
            "'mutant' (text, 'A1G') is left out: --one-hot 'mutant:mutations' --wild-type SEQUENCE "
            "would take its mutations as one-hot sequences.");
  EXPECT_EQ(remark(data, "'emb'"),
            "'emb' (text, '[0.5 0]') is left out: --features 'emb:vector' would take its 2 numbers "
            "as features.");
  EXPECT_EQ(remark(data, "'name'"),
            "'name' (text, 'n0') is left out: its 80 distinct values in 80 rows say little as "
            "categories.");
  EXPECT_EQ(
      remark(data, "'seq'"),
      "'seq' (text, 'AA') is left out: --one-hot 'seq:sequence' would take its 2 positions as "
      "one-hot features.");
  EXPECT_EQ(remark(data, "'slip'"),
            "Column 'slip' is not among the features taken by default: in row 41 it has 'n.d.', no "
            "number.");
  options = of("emb,y\n1 2,1\n2 3,2\n");
  options.features = "";
  EXPECT_EQ(refusal(options),
            "usage: --features = '': no column that is free to be a feature holds numbers; "
            "--features 'emb:vector' would take its 2 numbers as features");
}

TEST_F(DatasetText, AdviceCanBePastedIntoAShell) {
  std::string bytes = "a,the group,it's,\"b,c\",one,emb v,y\n";
  for (int i = 0; i < 20; ++i) {
    const std::string text(1, static_cast<char>('p' + i % 3));
    bytes += std::to_string(i * i % 17) + "," + text + "," + text + "," + text + ",same,1 " +
             std::to_string(i) + "," + std::to_string(i * 3 % 7) + "\n";
  }
  DatasetOptions options = of(bytes);
  options.features = "";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(remark(data, "'the group'"),
            "'the group' (text, 'p') is left out: --one-hot 'the group' would take its 3 levels as "
            "categories.");
  EXPECT_EQ(remark(data, "it's"),
            "'it's' (text, 'p') is left out: --one-hot 'it'\\''s' would take its 3 levels as "
            "categories.");
  EXPECT_EQ(remark(data, "'b,c'"),
            "'b,c' (text, 'p') is left out: rename it, since no list of columns can name it; then "
            "--one-hot NAME would take its 3 levels as categories.");
  EXPECT_EQ(remark(data, "'one'"),
            "'one' (text, 'same') is left out: --one-hot one would take its 1 level as a "
            "category.");
  EXPECT_NE(remark(data, "--features 'emb v:vector'"), "");
}

TEST_F(DatasetText, AllMayLeaveOut) {
  DatasetOptions options = of("id,a,b,y\n1,3,5,1\n2,1,2,2\n3,2,9,4\n");
  options.features = "all,!a";
  EXPECT_EQ(load_dataset(options).feature_names, (Names{"id", "b"}));
  options.features = "all,a";
  EXPECT_EQ(refusal(options),
            "usage: --features = all,a: 'all' leaves no column to name; name only those to leave "
            "out beside it, as in 'all,!x'");
  options = of("a,s,y\n1,u,1\n2,v,2\n3,w,4\n");
  options.features = "!a";
  EXPECT_EQ(
      refusal(options),
      "usage: --features = '!a': no column that is free to be a feature holds numbers; expand "
      "columns of text by --one-hot");
  options.features = "all,a:sequence";
  EXPECT_EQ(refusal(options),
            "usage: --features = all,a:sequence: features are numbers; write --one-hot "
            "'a:sequence'");
}

TEST_F(DatasetText, FoldsAreNamedAndKeepGroupsWhole) {
  DatasetOptions options = of("a,f,g,y\n1,u,p,1\n2,v,q,2\n4,u,p,3\n5,v,r,3\n");
  options.features = "";
  options.fold = "f";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, (Names{"a"}));
  EXPECT_EQ(data.folds, (std::vector<std::uint32_t>{0, 1, 0, 1}));
  EXPECT_EQ(data.fold_names, (Names{"u", "v"}));
  options.group = "g";
  EXPECT_NO_THROW(load_dataset(options));
  options.group = "f";
  options.fold = "g";
  EXPECT_EQ(
      refusal(options),
      "data: " + options.data.substr(options.data.rfind('/') + 1) +
          ": --fold = g: the group 'v' lies in folds 'q' (row 2) and 'r' (row 4); a fold must "
          "hold the whole of it");
}

TEST_F(DatasetText, ASequenceThatLostALetterNamesItsRow) {
  // 80 sequences of four letters; too many to be categories.
  const auto table = [](const std::string& odd) {
    std::string text = "seq,y\n";
    for (int i = 0; i < 80; ++i) {
      const std::string sequence{'A', static_cast<char>('A' + i % 9),
                                 static_cast<char>('A' + i / 9), 'C'};
      text += (i == 6 ? odd : sequence) + "," + std::to_string(i) + "\n";
    }
    return text;
  };
  DatasetOptions options = of(table("ACC"));
  options.one_hot = "seq";
  EXPECT_EQ(refusal(options),
            "data: t.csv: row 7, column seq: 3 symbols where row 1 has 4; sequences must have one "
            "length: mend the row, or take all as categories by --one-hot 'seq:category'");
  options.one_hot = "seq:category";
  EXPECT_EQ(load_dataset(options).encoding.columns[0].levels.size(), 80U);
  options = of(table("AGAC"));
  options.one_hot = "seq";
  EXPECT_EQ(load_dataset(options).encoding.columns[0].kind, EncodedColumn::Kind::sequence);
  // Names of many lengths are no sequences.
  std::string names = "name,y\n";
  for (int i = 0; i < 80; ++i) names += std::string(1 + i % 20, 'a') + std::to_string(i) + ",1\n";
  options = of(names + "b,2\n");
  options.one_hot = "name";
  EXPECT_EQ(load_dataset(options).encoding.columns[0].levels.size(), 81U);
}

TEST_F(DatasetText, AColumnOfVectorsIsToldDespiteASlip) {
  std::string text = "v,x,y\n";
  for (int i = 0; i < 60; ++i) {
    text += (i == 30 ? "[1; 2" : "[" + std::to_string(i) + " 0.5]") + "," + std::to_string(i % 7) +
            "," + std::to_string(i) + "\n";
  }
  DatasetOptions options = of(text);
  options.features = "";
  EXPECT_EQ(remark(load_dataset(options), "'v' (text"),
            "'v' (text, '[0 0.5]') is left out: --features 'v:vector' would take its 2 numbers as "
            "features, once '[1; 2' is one as well.");
  options.features = "v:vector";
  EXPECT_NE(refusal(options).find("row 31, column v: '[1; 2' is no vector"), std::string::npos)
      << refusal(options);
}

TEST_F(DatasetText, NumbersBesideAMarkSayWhatHidesThem) {
  DatasetOptions options = of("price,share,x,y\n$1.50,10%,1,1\n$2.25,12.5%,2,2\n-,-,3,4\n");
  options.features = "";
  const Dataset data = load_dataset(options);
  EXPECT_EQ(data.feature_names, Names{"x"});
  for (const std::string name : {"'price' (text, '$1.50')", "'share' (text, '10%')"}) {
    EXPECT_EQ(remark(data, name), name +
                                      " is left out: its numbers have a mark such as '$' or '%' "
                                      "beside them; write them without.");
  }
}

}  // namespace
}  // namespace esscher
