#include "esscher/io/npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "array_bytes.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

TEST(Npy, IsTheFormatThatNumPyReads) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / "esscher_npy_test.npy").string();
  Matrix<double> values(2, 3);
  for (std::size_t i = 0; i < 6; ++i) values.values()[i] = 0.5 * static_cast<double>(i);
  // Two of three columns: rows are not contiguous.
  write_npy(path, {values.data() + 1, 2, 2, 3});
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  ASSERT_GT(bytes.size(), 10U);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header =
      static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
  ASSERT_EQ(bytes.size(), 10 + header + 4 * sizeof(double));
  EXPECT_EQ((10 + header) % 64, 0U);
  EXPECT_EQ(bytes[9 + header], '\n');
  EXPECT_EQ(bytes.substr(10, 61), "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }  ");
  double read[4];
  std::memcpy(read, bytes.data() + 10 + header, sizeof read);
  EXPECT_EQ(read[0], 0.5);
  EXPECT_EQ(read[1], 1.0);
  EXPECT_EQ(read[2], 2.0);
  EXPECT_EQ(read[3], 2.5);
}

TEST(Npy, RefusesAFolderThatIsNotThere) {
  EXPECT_THROW(write_npy("/nowhere/at/all/x.npy", {}), IoError);
}

/// What the file with this dictionary and these bytes gives, or says.
std::string npy_refusal(const std::string& bytes) {
  const TestFile file("x.npy", bytes);
  std::string said = refusal_of<DataError>([&] { map_npy(file.path()); });
  const std::size_t at = said.find(file.path());
  return at == std::string::npos ? said : said.replace(at, file.path().size(), "x.npy");
}

const char* const kTwoDoubles = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";

TEST(Npy, ReadsWhatNumPyWrites) {
  // numpy.save of numpy.array([[1, -2, 3], [4, 5, 6]], '>i2', order='F') by NumPy 2.
  const TestFile file("x.npy",
                      npy_file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }"
                               "                                                           \n",
                               std::string("\0\1\0\4\xff\xfe\0\5\0\3\0\6", 12)));
  const MappedArray array = map_npy(file.path());
  EXPECT_EQ(array.shape(), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(array.type_name(), "int16");
  EXPECT_EQ(array.name(), file.path());
  const Matrix<double> values = all_of(array);
  EXPECT_EQ(std::vector<double>(values.values().begin(), values.values().end()),
            (std::vector<double>{1, -2, 3, 4, 5, 6}));
}

TEST(Npy, ReadsBackWhatWasWritten) {
  const TestFile file("x.npy");
  Matrix<double> values(3, 2);
  for (std::size_t i = 0; i < 6; ++i) values.values()[i] = 0.1 * static_cast<double>(i);
  write_npy(file.path(), values.view());
  EXPECT_EQ(all_of(map_npy(file.path())), values);
}

TEST(Npy, WritesPieceByPieceTheSameFile) {
  const TestFile whole("whole.npy");
  const std::string pieces = whole.path() + ".pieces";
  Matrix<double> values(5, 3);
  for (std::size_t i = 0; i < 15; ++i) values.values()[i] = static_cast<double>(i);
  write_npy(whole.path(), values.view());
  NpyWriter writer(pieces, 5, 3);
  writer.append(values.view().rows_from(0, 2));
  writer.append(values.row(2).first(1));
  writer.append(values.row(2).last(2));
  Matrix<double> wide(2, 4, -1.0);  // rows are not contiguous
  for (std::size_t i = 0; i < 2; ++i) std::ranges::copy(values.row(3 + i), wide.row(i).begin());
  writer.append(MatrixView<const double>{wide.data(), 2, 3, 4});
  EXPECT_FALSE(std::filesystem::exists(pieces));
  writer.commit();
  const auto content = [](const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  EXPECT_EQ(content(pieces), content(whole.path()));
}

TEST(Npy, WritesOneDimension) {
  const TestFile file("x.npy");
  NpyWriter writer(file.path(), 3, 0);
  const std::vector<double> values = {1, 2, 3};
  writer.append(values);
  writer.commit();
  const MappedArray array = map_npy(file.path());
  EXPECT_EQ(array.shape(), std::vector<std::uint64_t>{3});
  EXPECT_EQ(array.values(), values);
}

TEST(Npy, RefusesToWriteOtherRowsThanWereAnnounced) {
  const TestFile file("x.npy");
  NpyWriter writer(file.path(), 2, 2);
  const std::vector<double> values(5);
  EXPECT_THROW(writer.append(values), InternalError);
  EXPECT_THROW(writer.append(MatrixView<const double>{values.data(), 1, 3, 3}), InternalError);
  EXPECT_THROW(writer.commit(), InternalError);
  EXPECT_EQ(refusal_of<IoError>([] { NpyWriter("/nowhere/x", 1, 1, "--predictions"); }),
            "--predictions = /nowhere/x: cannot be written (No such file or directory); give a "
            "path in a folder that exists, may be written to and has room");
}

TEST(Npy, ReadsAllFormatsAndSpellings) {
  const std::string data(16, '\0');
  const auto reads = [&](const std::string& bytes) {
    const TestFile file("x.npy", bytes);
    return map_npy(file.path()).values() == std::vector<double>{0, 0};
  };
  for (const char version : {'\2', '\3'}) {
    const std::string text = kTwoDoubles;
    EXPECT_TRUE(reads(std::string("\x93NUMPY") + version + '\0' +
                      little_endian(static_cast<std::uint32_t>(text.size())) + text + data));
  }
  EXPECT_TRUE(reads(npy_file("{\"shape\":(2L,),\"fortran_order\":True,\"descr\":\"f8\"}", data)));
  EXPECT_TRUE(reads(
      npy_file(" { 'shape' : ( 2 , 1 ) ,'fortran_order':False , 'descr': '=f8' , } \n", data)));
}

TEST(Npy, ATruncatedFileSaysHowMuchIsMissing) {
  const std::string whole = npy_file(kTwoDoubles, std::string(16, '\0'));
  EXPECT_EQ(npy_refusal(whole.substr(0, whole.size() - 5)),
            "x.npy: it is truncated: 5 bytes are missing; write or copy the file again");
  EXPECT_EQ(npy_refusal(whole + "abc"),
            "x.npy: 3 bytes follow behind the array; write or copy the file again");
  EXPECT_EQ(npy_refusal(whole.substr(0, 30)),
            "x.npy: not a whole .npy file: it is truncated in its header, after 30 bytes; "
            "write or copy it again");
  EXPECT_EQ(
      npy_refusal(""),
      "x.npy: not a whole .npy file: it is truncated: it has 0 bytes; write or copy it again");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(npy_refusal(whole.substr(0, length)), "(no error)") << length;
  }
}

TEST(Npy, RefusesElementsThatAreNoNumbersByName) {
  const auto of_type = [](const std::string& type) {
    return npy_refusal(npy_file("{'descr': " + type + ", 'fortran_order': False, 'shape': (1,), }",
                                std::string(8, '\0')));
  };
  const std::string remedy =
      "; float16 to float64, whole numbers and booleans can be read: convert it with "
      ".astype('float32') and save it again";
  EXPECT_EQ(of_type("'|O'"), "x.npy: its elements are of type '|O', Python objects" + remedy);
  EXPECT_EQ(of_type("'<U2'"), "x.npy: its elements are of type '<U2', text" + remedy);
  EXPECT_EQ(of_type("'<c8'"), "x.npy: its elements are of type '<c8', complex numbers" + remedy);
  EXPECT_EQ(of_type("'<f16'"),
            "x.npy: its elements are of type '<f16', floats of another size" + remedy);
  EXPECT_EQ(of_type("'|V2'"),
            "x.npy: its elements are of type '|V2', raw bytes (NumPy does not "
            "know bfloat16 and stores it so)" +
                remedy);
  EXPECT_EQ(of_type("'<M8[s]'"), "x.npy: its elements are of type '<M8[s]', dates" + remedy);
  EXPECT_EQ(of_type("'|f8'"),
            "x.npy: its elements are of type '|f8', numbers without a byte order" + remedy);
  EXPECT_EQ(of_type("''"), "x.npy: its elements are of type '', no numbers known here" + remedy);
  EXPECT_EQ(of_type("[('a', '<f4'), ('b', '<i4')]"),
            "x.npy: its elements are records (a structured dtype); save the field that you want as "
            "an array of its own");
}

TEST(Npy, RefusesHeadersThatAreNotWhole) {
  const auto header = [](const std::string& dictionary) {
    const std::string said = npy_refusal(npy_file(dictionary, std::string(16, '\0')));
    const std::string prefix = "x.npy: not a whole .npy file: ";
    const std::string remedy = "; write or copy it again";
    if (!said.starts_with(prefix) || !said.ends_with(remedy)) return said;
    return said.substr(prefix.size(), said.size() - prefix.size() - remedy.size());
  };
  const std::string rest = "'fortran_order': False, 'descr': '<f8'}";
  EXPECT_EQ(header(""), "its header lacks a {");
  EXPECT_EQ(header("{'shape': (2,), "), "its header has something else than a text in quotes");
  EXPECT_EQ(header("{'shape"), "its header has a quote that is not closed");
  EXPECT_EQ(header("{'sh\\x61pe'"), "its header has a \\ in a text");
  EXPECT_EQ(header("{'shape' (2,)"), "its header lacks a :");
  EXPECT_EQ(header("{'shape': (2,) " + rest), "its header lacks a }");
  EXPECT_EQ(header("{'shape': (2)," + rest), "its shape is not a tuple");
  EXPECT_EQ(header("{'shape': (2 3)," + rest), "its shape is not a tuple");
  EXPECT_EQ(header("{'shape': (2, 3 4)," + rest), "its header lacks a )");
  EXPECT_EQ(header("{'shape': (-2,)," + rest), "its shape is not made of whole numbers");
  EXPECT_EQ(header("{'shape': (99999999999999999999,)," + rest),
            "its shape has a number beyond 2^64");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_EQ(header("{'shape': (" + many + ")," + rest), "its shape has more than 64 dimensions");
  EXPECT_EQ(header("{'shape': (2,), 'fortran_order': 0"),
            "fortran_order in its header is neither True nor False");
  EXPECT_EQ(header("{'shape': (2,), 'shape': (2,)," + rest), "its header has shape twice");
  EXPECT_EQ(header("{'colour': 1, " + rest), "its header has an unknown key 'colour'");
  EXPECT_EQ(header("{" + rest), "its header lacks descr, fortran_order or shape");
  EXPECT_EQ(header("{'shape': (2,)," + rest + "x"),
            "something follows the dictionary in its header");
}

TEST(Npy, RefusesOtherFormats) {
  EXPECT_EQ(npy_refusal("PK\3\4 and more"),
            "x.npy: not a whole .npy file: it does not begin as one; write or copy it again");
  std::string newer = npy_file(kTwoDoubles, std::string(16, '\0'));
  newer[6] = '\4';
  EXPECT_EQ(npy_refusal(newer), "x.npy: is of .npy format 4.0; 1.0, 2.0 and 3.0 can be read");
  EXPECT_THROW(map_npy("/nowhere/x.npy"), IoError);
}

}  // namespace
}  // namespace esscher
