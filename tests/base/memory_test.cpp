#include "esscher/base/memory.h"

#include <gtest/gtest.h>

#include <limits>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(Memory, ProductsSaturate) {
  EXPECT_EQ(saturating_product(1U << 20, 1U << 20), std::uint64_t{1} << 40);
  EXPECT_EQ(saturating_product(std::uint64_t{1} << 40, std::uint64_t{1} << 40), kMost);
  EXPECT_EQ(saturating_product(kMost, 0), 0U);
}

TEST(Memory, BytesAreToldInUnits) {
  EXPECT_EQ(bytes_text(16), "16 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(std::uint64_t{3} << 30), "3 GiB");
}

TEST(Memory, TellsHowMuchWouldBeNeeded) {
  EXPECT_GT(physical_memory(), std::uint64_t{1} << 20);
  EXPECT_NO_THROW(require_memory(1 << 20, "--width", "2", "the layer", "take fewer"));
  try {
    require_memory(std::uint64_t{1} << 60, "--width", "1000000000", "the layer",
                   "take fewer neurons");
    FAIL() << "an exbibyte passed";
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("--width = 1000000000: the layer would need 1 EiB of memory"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("take fewer neurons"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace esscher
