#include "esscher/io/mapped_array.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>

#include "array_bytes.h"
#include "esscher/io/npy.h"

namespace esscher {
namespace {

/// One value's bytes, in either order.
template <class T>
std::string stored(T value, bool big_endian) {
  std::string bytes = little_endian(value);
  if (big_endian) std::ranges::reverse(bytes);
  return bytes;
}

template <class T>
MappedArray array_of(ElementType type, const std::vector<T>& values, bool big_endian = false) {
  std::string bytes;
  for (const T value : values) bytes += stored(value, big_endian);
  ArrayLayout layout{type, {values.size()}, false, big_endian};
  return MappedArray::from_bytes("a.npy", layout, as_bytes(bytes));
}

/// Extremes and a few between, which doubles hold.
template <class T>
void expect_exact(ElementType type) {
  SCOPED_TRACE(name_of(type));
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {T(0), T(1), T(77)};
  if (sizeof(T) < 8 || !Limits::is_integer) {
    values.insert(values.end(), {Limits::lowest(), Limits::max(), Limits::min()});
  }
  if (Limits::is_signed) values.push_back(static_cast<T>(-3));
  std::vector<double> expected(values.begin(), values.end());
  for (const bool big_endian : {false, true}) {
    const MappedArray array = array_of(type, values, big_endian);
    EXPECT_EQ(array.values(), expected);
    EXPECT_EQ(bytes_of(type), sizeof(T));
  }
}

TEST(MappedArray, ConvertsEveryTypeExactlyInBothByteOrders) {
  expect_exact<float>(ElementType::f32);
  expect_exact<double>(ElementType::f64);
  expect_exact<std::int8_t>(ElementType::i8);
  expect_exact<std::int16_t>(ElementType::i16);
  expect_exact<std::int32_t>(ElementType::i32);
  expect_exact<std::int64_t>(ElementType::i64);
  expect_exact<std::uint8_t>(ElementType::u8);
  expect_exact<std::uint16_t>(ElementType::u16);
  expect_exact<std::uint32_t>(ElementType::u32);
  expect_exact<std::uint64_t>(ElementType::u64);
  EXPECT_EQ(array_of<std::uint8_t>(ElementType::boolean, {0, 1, 255}).values(),
            (std::vector<double>{0, 1, 1}));
  EXPECT_EQ(name_of(ElementType::boolean), "bool");
  EXPECT_EQ(name_of(ElementType::bf16), "bfloat16");
}

/// From the definition of binary16, by ldexp.
double half(unsigned bits) {
  const int exponent = static_cast<int>((bits >> 10) & 31);
  const int fraction = static_cast<int>(bits & 1023);
  double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 31) size = fraction == 0 ? HUGE_VAL : std::nan("");
  return (bits & 0x8000) != 0 ? -size : size;
}

TEST(MappedArray, AllHalfPrecisionNumbersAreWhatTheirDefinitionsSay) {
  std::vector<std::uint16_t> patterns(65536);
  std::iota(patterns.begin(), patterns.end(), std::uint16_t{0});
  const auto same = [](double a, double b) {
    return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
  };
  for (const bool big_endian : {false, true}) {
    const auto halves = array_of(ElementType::f16, patterns, big_endian).values();
    const auto bfloats = array_of(ElementType::bf16, patterns, big_endian).values();
    for (unsigned bits = 0; bits < 65536; ++bits) {
      ASSERT_TRUE(same(halves[bits], half(bits))) << bits;
      // The upper half of a float.
      ASSERT_TRUE(same(bfloats[bits], std::bit_cast<float>(bits << 16))) << bits;
    }
  }
}

TEST(MappedArray, KeepsWhatIsNotFinite) {
  const auto values = array_of<float>(ElementType::f32, {NAN, INFINITY, -INFINITY}).values();
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], HUGE_VAL);
  EXPECT_EQ(values[2], -HUGE_VAL);
}

TEST(MappedArray, TakesWholeNumbersUpTo2To53AndRefusesTheNext) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  EXPECT_EQ(array_of<std::int64_t>(ElementType::i64, {kMost, -kMost}).values(),
            (std::vector<double>{0x1p53, -0x1p53}));
  EXPECT_EQ(array_of<std::uint64_t>(ElementType::u64, {kMost}).values(),
            std::vector<double>{0x1p53});
  for (const bool big_endian : {false, true}) {
    EXPECT_EQ(refusal_of<DataError>([&] {
                array_of<std::int64_t>(ElementType::i64, {1, -kMost - 1}, big_endian).values();
              }),
              "a.npy: row 2, column x0: -9007199254740993 is beyond 2^53, where doubles skip whole "
              "numbers; store the array as float64 if it may be rounded");
    EXPECT_THROW(array_of<std::int64_t>(ElementType::i64, {kMost + 1}, big_endian).values(),
                 DataError);
    EXPECT_THROW(array_of<std::int64_t>(ElementType::i64, {INT64_MIN}, big_endian).values(),
                 DataError);
    EXPECT_NE(refusal_of<DataError>([&] {
                array_of<std::uint64_t>(ElementType::u64, {UINT64_MAX}, big_endian).values();
              }).find(": 18446744073709551615 is beyond"),
              std::string::npos);
  }
}

TEST(MappedArray, NamesTheRowAndColumnOfAnElementInBothOrders) {
  std::string bytes;
  for (const std::int64_t value : {0, 1, 2, 3, 4, 5}) bytes += little_endian(value);
  bytes.replace(4 * 8, 8, little_endian(INT64_MAX));  // element 4 of 3 x 2
  for (const bool fortran : {false, true}) {
    const auto array = MappedArray::from_bytes("a.npy", {ElementType::i64, {3, 2}, fortran, false},
                                               as_bytes(bytes));
    EXPECT_NE(refusal_of<DataError>([&] {
                all_of(array);
              }).find(fortran ? "row 2, column x1:" : "row 3, column x0:"),
              std::string::npos);
  }
}

RC_GTEST_PROP(MappedArray, GathersTheRowsThatWereAskedFor, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(1, 700);
  const auto d = *rc::gen::inRange<std::size_t>(1, 40);
  const bool fortran = *rc::gen::arbitrary<bool>();
  const auto gap = *rc::gen::inRange<std::size_t>(0, 3);
  // Runs of neighbours as well as single rows, in any order.
  std::vector<std::uint64_t> rows;
  for (const auto first :
       *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(std::size_t{0}, n))) {
    const auto length = *rc::gen::inRange<std::size_t>(1, 300);
    for (std::size_t i = first; i < std::min(n, first + length); ++i) rows.push_back(i);
  }
  std::string bytes = "x";  // nothing is aligned
  for (std::size_t i = 0; i < n * d; ++i) bytes += little_endian(static_cast<float>(i));
  const TestFile file("x.npy");
  const std::string dictionary = std::string("{'descr': '<f4', 'fortran_order': ") +
                                 (fortran ? "True" : "False") + ", 'shape': (" + std::to_string(n) +
                                 ", " + std::to_string(d) + ")}";
  file.put(npy_file(dictionary + std::string(dictionary.size() % 2, ' ') + " ", bytes.substr(1)));
  const MappedArray array = map_npy(file.path());
  Matrix<double> held(rows.size(), d + gap, -1.0);
  array.gather(rows, {held.data(), rows.size(), d, d + gap});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      RC_ASSERT(held(i, j) == static_cast<double>(fortran ? j * n + rows[i] : rows[i] * d + j));
    }
    for (std::size_t j = d; j < d + gap; ++j) RC_ASSERT(held(i, j) == -1.0);
  }
}

TEST(MappedArray, OneDimensionCountsAsOneColumn) {
  const MappedArray array = array_of<double>(ElementType::f64, {1, 2, 3});
  EXPECT_EQ(array.rows(), 3U);
  EXPECT_EQ(array.columns(), 1U);
  EXPECT_EQ(array.shape(), std::vector<std::uint64_t>{3});
  EXPECT_EQ(array.type_name(), "float64");
  const MappedArray copy = array;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(all_of(copy)(2, 0), 3.0);
  const auto column =
      MappedArray::from_bytes("c", {ElementType::u8, {2, 1}, true, false}, as_bytes("\x01\x02"));
  EXPECT_EQ(column.values(), (std::vector<double>{1, 2}));
  EXPECT_TRUE(
      MappedArray::from_bytes("e", {ElementType::f64, {0}, false, false}, {}).values().empty());
}

// Element (i, j, k) of (p, c, d) is 100 i + 10 j + k; the order of the file changes nothing.
TEST(MappedArray, ThreeAxesAreRowsOfTheFirstTwo) {
  constexpr std::uint64_t kP = 5;
  constexpr std::uint64_t kC = 3;
  constexpr std::uint64_t kD = 4;
  Matrix<double> expected(kP * kC, kD);
  std::vector<double> c_order(kP * kC * kD);
  std::vector<double> fortran(kP * kC * kD);
  for (std::uint64_t i = 0; i < kP; ++i) {
    for (std::uint64_t j = 0; j < kC; ++j) {
      for (std::uint64_t k = 0; k < kD; ++k) {
        const auto value = static_cast<double>(100 * i + 10 * j + k);
        expected(i * kC + j, k) = value;
        c_order[(i * kC + j) * kD + k] = value;
        fortran[i + kP * (j + kC * k)] = value;
      }
    }
  }
  const auto array = [&](const std::vector<double>& values, bool is_fortran) {
    std::string bytes;
    for (const double value : values) bytes += little_endian(value);
    return MappedArray::from_bytes("a.npy", {ElementType::f64, {kP, kC, kD}, is_fortran, false},
                                   as_bytes(bytes));
  };
  for (const bool is_fortran : {false, true}) {
    const MappedArray three = array(is_fortran ? fortran : c_order, is_fortran);
    EXPECT_EQ(three.rows(), kP * kC);
    EXPECT_EQ(three.columns(), kD);
    EXPECT_EQ(three.shape_text(), "(5, 3, 4)");
    EXPECT_EQ(all_of(three).values().size(), expected.values().size());
    EXPECT_TRUE(std::ranges::equal(all_of(three).values(), expected.values())) << is_fortran;
    // Some rows in any order.
    const std::vector<std::uint64_t> rows{14, 2, 3, 4, 0, 7};
    Matrix<double> some(rows.size(), kD);
    three.gather(rows, some.view());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(some.row(i), expected.row(rows[i]))) << rows[i];
    }
  }
}

TEST(MappedArray, AWholeNumberThatDoublesSkipIsFoundInEveryOrderOfThreeAxes) {
  for (const bool is_fortran : {false, true}) {
    std::vector<std::int64_t> values(2 * 3 * 2);
    // Prompt 1, candidate 2, column 1 from 0.
    values[is_fortran ? 1 + 2 * (2 + 3 * 1) : (1 * 3 + 2) * 2 + 1] = (std::int64_t{1} << 53) + 1;
    std::string bytes;
    for (const std::int64_t value : values) bytes += little_endian(value);
    const MappedArray array = MappedArray::from_bytes(
        "a.npy", {ElementType::i64, {2, 3, 2}, is_fortran, false}, as_bytes(bytes));
    EXPECT_TRUE(
        refusal_of<DataError>([&] { all_of(array); }).starts_with("a.npy: row 6, column x1: "))
        << is_fortran;
  }
}

TEST(MappedArray, RefusesShapesThatAreNoTable) {
  const auto refusal = [](std::vector<std::uint64_t> shape, std::size_t bytes) {
    return refusal_of<DataError>([&] {
      MappedArray::from_bytes("a.npy", {ElementType::f64, shape, false, false},
                              std::vector<std::byte>(bytes));
    });
  };
  EXPECT_EQ(refusal({}, 8),
            "a.npy: has 0 dimensions, shape (); arrays of one to three can be read, "
            "reshape it first");
  EXPECT_EQ(refusal({1, 1, 1, 1}, 8),
            "a.npy: has 4 dimensions, shape (1, 1, 1, 1); arrays of one to three can be read, "
            "reshape it first");
  EXPECT_EQ(refusal({4, 0, 2}, 0),
            "a.npy: has nothing along its second axis, shape (4, 0, 2); give an array with at "
            "least one candidate");
  EXPECT_EQ(refusal({std::uint64_t{1} << 32, std::uint64_t{1} << 32, 1}, 8),
            "a.npy: its shape (4294967296, 4294967296, 1) asks for more bytes than can be counted; "
            "write the file again");
  // Else a few bytes could claim 2^60 rows.
  EXPECT_EQ(refusal({std::uint64_t{1} << 60, 0}, 0),
            "a.npy: has no columns, shape (1152921504606846976, 0); give an array with at least "
            "one");
  EXPECT_EQ(refusal({3}, 20),
            "a.npy: it is truncated: 4 bytes are missing; write or copy the file again");
  EXPECT_EQ(refusal({2}, 20),
            "a.npy: 4 bytes follow behind the array; write or copy the file again");
  EXPECT_EQ(refusal({std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 0),
            "a.npy: its shape (4294967296, 4294967296) asks for more bytes than can be counted; "
            "write the file again");
  EXPECT_EQ(refusal({std::uint64_t{1} << 61}, 0),
            "a.npy: its shape (2305843009213693952,) asks for more bytes than can be counted; "
            "write the file again");
}

TEST(MappedArray, RefusesToTakeATableForAColumn) {
  const auto array =
      MappedArray::from_bytes("a.npy", {ElementType::u8, {1, 2}, false, false}, as_bytes("ab"));
  EXPECT_EQ(refusal_of<DataError>([&] { array.values(); }),
            "a.npy: has shape (1, 2) where one column of numbers is wanted; store that column "
            "alone");
}

TEST(MappedArray, RefusesRowsThatAreNotThere) {
  const MappedArray array = array_of<double>(ElementType::f64, {1, 2, 3});
  Matrix<double> out(1, 1);
  const std::vector<std::uint64_t> beyond = {3};
  EXPECT_THROW(array.gather(beyond, out.view()), InternalError);
  const std::vector<std::uint64_t> two = {0, 1};
  EXPECT_THROW(array.gather(two, out.view()), InternalError);
}

/// Pages of files that this process holds in memory, in bytes.
std::uint64_t resident_file_bytes() {
  std::ifstream facts("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  facts >> size >> resident >> shared;
  return shared * 4096;
}

TEST(MappedArray, ReadsALargeFileWithoutHoldingIt) {
  constexpr std::size_t kRows = 270'000;
  constexpr std::size_t kColumns = 1024;
  for (const bool fortran : {false, true}) {
    const TestFile file("large.npy",
                        npy_file(std::string("{'descr': '|u1', 'fortran_order': ") +
                                     (fortran ? "True" : "False") + ", 'shape': (270000, 1024)}",
                                 ""));
    std::filesystem::resize_file(file.path(),
                                 std::filesystem::file_size(file.path()) + kRows * kColumns);
    const MappedArray array = map_npy(file.path());
    const std::uint64_t before = resident_file_bytes();
    std::uint64_t most = 0;
    // Every 16th row in one order, a row here and there in the other: all pages, or nearly so.
    Matrix<double> block(fortran ? 1 : 250, kColumns, 1.0);
    std::vector<std::uint64_t> rows(block.rows());
    for (std::size_t first = 0; first + 4000 <= kRows; first += fortran ? 66'000 : 4000) {
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = first + 16 * i;
      array.gather(rows, block.view());
      most = std::max(most, resident_file_bytes());
    }
    EXPECT_EQ(block(0, 1023), 0.0);
    // 128 MiB, and what one conversion reads; without pages given back, up to 263 MiB.
    EXPECT_LT(most, before + (std::uint64_t{144} << 20)) << fortran;
  }
}

}  // namespace
}  // namespace esscher
