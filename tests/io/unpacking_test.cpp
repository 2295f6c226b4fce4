#include "io/unpacking.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

#include "../support/packed.h"
#include "esscher/base/error.h"
#include "pieces.h"

namespace esscher::internal {
namespace {

std::string unpack(const std::string& packed, std::size_t in = 1 << 16, std::size_t out = 1 << 16,
                   std::uint64_t limit = 1 << 30) {
  const auto source = unpacked(std::make_unique<Pieces>(packed, in), "t.gz", limit);
  std::string all;
  std::string buffer(out, '\0');
  while (const std::size_t count = source->read(buffer.data(), buffer.size())) {
    all.append(buffer, 0, count);
  }
  return all;
}

std::string unpacking_refusal(const std::string& packed, std::uint64_t limit = 1 << 30) {
  try {
    unpack(packed, 1 << 16, 1 << 16, limit);
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

RC_GTEST_PROP(UnpackingProperty, PackedBytesComeBackInPiecesOfAnySize, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '\n', '\0'));
  const auto more = *rc::gen::arbitrary<std::string>();
  const auto in = *rc::gen::inRange<std::size_t>(1, 50);
  const auto out = *rc::gen::inRange<std::size_t>(1, 50);
  RC_ASSERT(unpack(gzip_of(bytes), in, out) == bytes);
  RC_ASSERT(unpack(zstd_of(bytes), in, out) == bytes);
  RC_ASSERT(unpack("x" + bytes, in, out) == "x" + bytes);
  // One file behind another.
  RC_ASSERT(unpack(gzip_of(bytes) + gzip_of(more), in, out) == bytes + more);
  RC_ASSERT(unpack(zstd_of(bytes) + zstd_of(more), in, out) == bytes + more);
}

TEST(Unpacking, BlocksOfZerosBehindGzipAndSkippedZstdFramesAreNothing) {
  EXPECT_EQ(unpack(gzip_of("abc") + std::string(512, '\0')), "abc");
  const std::string skipped("\x50\x2A\x4D\x18\x03\0\0\0xyz", 11);
  EXPECT_EQ(unpack(skipped + zstd_of("abc") + skipped), "abc");
  EXPECT_EQ(unpack(""), "");
}

TEST(Unpacking, DataCutOffAnywhereAreRefused) {
  const std::string bytes = "one,two\n1,2\n";
  for (const auto& [packed, kind] :
       {std::pair(gzip_of(bytes), "gzip"), std::pair(zstd_of(bytes), "zstd")}) {
    for (std::size_t size = 4; size < packed.size(); ++size) {
      EXPECT_EQ(
          unpacking_refusal(packed.substr(0, size)),
          std::string("t.gz: the ") + kind + " data are cut off; copy or download the file again");
    }
  }
}

TEST(Unpacking, DamagedDataAreRefused) {
  // Bits turned in the checksum, in the data, and bytes that belong to nothing.
  const std::string bytes(1000, 'x');
  for (const auto& [packed, kind] :
       {std::pair(gzip_of(bytes), "gzip"), std::pair(zstd_of(bytes), "zstd")}) {
    const std::string damaged = std::string("t.gz: the ") + kind + " data are damaged";
    std::string turned = packed;
    turned[turned.size() - (kind == std::string("gzip") ? 5U : 1U)] ^= 1;
    EXPECT_EQ(unpacking_refusal(turned).substr(0, damaged.size()), damaged);
    EXPECT_EQ(unpacking_refusal(packed + "x").substr(0, damaged.size()), damaged);
    // Every single bit: refused, or, in a header that says nothing of the data, read as it was.
    for (std::size_t bit = 32; bit < 8 * packed.size(); ++bit) {
      turned = packed;
      turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ (1 << (bit % 8)));
      const std::string line = unpacking_refusal(turned);
      EXPECT_TRUE(line.starts_with("t.gz: ") || (line == "(read)" && unpack(turned) == bytes))
          << bit << ": " << line;
    }
  }
}

TEST(Unpacking, MoreThanTheLimitIsRefused) {
  const std::string bytes(2'000'000, ',');
  for (const std::string& packed : {gzip_of(bytes), zstd_of(bytes)}) {
    EXPECT_EQ(unpacking_refusal(packed, 2'000'000), "(read)");
    EXPECT_EQ(unpacking_refusal(packed, 1'999'999),
              "t.gz: unpacks to more than 0.001999999 GB; if it is no accident, raise "
              "--unpack-limit");
  }
  EXPECT_EQ(unpacking_refusal(bytes, 1), "(read)");  // not packed
}

}  // namespace
}  // namespace esscher::internal
