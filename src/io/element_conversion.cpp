#include "io/element_conversion.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

static_assert(std::endian::native == std::endian::little);

// Loops over these are vectorised: no branches, no calls, loads by memcpy since files need not be
// aligned.

template <class Bits>
Bits swapped(Bits bits) {
  if constexpr (sizeof bits == 8) {
    return __builtin_bswap64(bits);
  } else if constexpr (sizeof bits == 4) {
    return __builtin_bswap32(bits);
  } else if constexpr (sizeof bits == 2) {
    return __builtin_bswap16(bits);
  } else {
    return bits;
  }
}

template <class Bits, bool kBigEndian>
Bits load(const std::byte* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return kBigEndian ? swapped(bits) : bits;
}

struct Half {
  using Bits = std::uint16_t;
  /// In whole numbers rather than by scaling a subnormal float, which a processor set to flush
  /// those would lose.
  static double value(Bits bits) {
    const std::uint32_t exponent = (bits >> 10) & 31U;
    const std::uint32_t fraction = bits & 1023U;
    // 1 where it is so, else 0; as conditions, compilers make branches of them.
    const std::uint32_t normal = (exponent + 31) >> 5;
    const std::uint32_t special = (exponent + 1) >> 5;
    const std::uint32_t size = fraction | (normal << 10);
    const std::uint32_t scale = (exponent + (1 - normal) + (127 - 25)) << 23;
    const float finite =
        static_cast<float>(static_cast<std::int32_t>(size)) * std::bit_cast<float>(scale);
    const std::uint32_t magnitude = (std::bit_cast<std::uint32_t>(finite) & (special - 1)) |
                                    ((0x7f800000U | (fraction << 13)) & (0U - special));
    return static_cast<double>(
        std::bit_cast<float>(magnitude | ((std::uint32_t{bits} & 0x8000U) << 16)));
  }
};

struct Bfloat {
  using Bits = std::uint16_t;
  static double value(Bits bits) {
    return static_cast<double>(std::bit_cast<float>(std::uint32_t{bits} << 16));
  }
};

struct Boolean {
  using Bits = std::uint8_t;
  static double value(Bits bits) { return bits != 0 ? 1.0 : 0.0; }
};

template <std::size_t kBytes>
using UnsignedOf = std::conditional_t<
    kBytes == 8, std::uint64_t,
    std::conditional_t<kBytes == 4, std::uint32_t,
                       std::conditional_t<kBytes == 2, std::uint16_t, std::uint8_t>>>;

/// float, double and the whole numbers.
template <class T>
struct Plain {
  using Bits = UnsignedOf<sizeof(T)>;
  static double value(Bits bits) { return static_cast<double>(std::bit_cast<T>(bits)); }
};

/// Beyond +-2^53 some whole numbers fall between doubles.
constexpr std::uint64_t kGreatestWhole = std::uint64_t{1} << 53;

template <class T>
bool beyond(std::uint64_t bits) {
  if constexpr (std::is_signed_v<T>) {
    return bits + kGreatestWhole > 2 * kGreatestWhole;
  } else {
    return bits > kGreatestWhole;
  }
}

template <class Element, bool kBigEndian>
std::size_t convert(const std::byte* from, std::size_t count, double* to) {
  using Bits = typename Element::Bits;
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = Element::value(load<Bits, kBigEndian>(from + i * sizeof(Bits)));
  }
  return count;
}

template <class T, bool kBigEndian>
std::size_t convert_whole(const std::byte* from, std::size_t count, double* to) {
  bool all_fit = true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = load<std::uint64_t, kBigEndian>(from + i * sizeof(T));
    all_fit &= !beyond<T>(bits);
    to[i] = static_cast<double>(static_cast<T>(bits));
  }
  if (all_fit) return count;
  std::size_t first = 0;
  while (!beyond<T>(load<std::uint64_t, kBigEndian>(from + first * sizeof(T)))) ++first;
  return first;
}

template <bool kBigEndian>
ElementConversion conversion_of(ElementType type) {
  switch (type) {
    case ElementType::f16:
      return convert<Half, kBigEndian>;
    case ElementType::bf16:
      return convert<Bfloat, kBigEndian>;
    case ElementType::f32:
      return convert<Plain<float>, kBigEndian>;
    case ElementType::f64:
      return convert<Plain<double>, kBigEndian>;
    case ElementType::i8:
      return convert<Plain<std::int8_t>, kBigEndian>;
    case ElementType::i16:
      return convert<Plain<std::int16_t>, kBigEndian>;
    case ElementType::i32:
      return convert<Plain<std::int32_t>, kBigEndian>;
    case ElementType::i64:
      return convert_whole<std::int64_t, kBigEndian>;
    case ElementType::u8:
      return convert<Plain<std::uint8_t>, kBigEndian>;
    case ElementType::u16:
      return convert<Plain<std::uint16_t>, kBigEndian>;
    case ElementType::u32:
      return convert<Plain<std::uint32_t>, kBigEndian>;
    case ElementType::u64:
      return convert_whole<std::uint64_t, kBigEndian>;
    case ElementType::boolean:
      return convert<Boolean, kBigEndian>;
  }
  throw InternalError("element_conversion: no such type");
}

}  // namespace

ElementConversion element_conversion(ElementType type, bool big_endian) {
  return big_endian ? conversion_of<true>(type) : conversion_of<false>(type);
}

std::string whole_number_text(ElementType type, bool big_endian, const std::byte* from) {
  const auto bits = big_endian ? load<std::uint64_t, true>(from) : load<std::uint64_t, false>(from);
  return type == ElementType::i64 ? std::to_string(static_cast<std::int64_t>(bits))
                                  : std::to_string(bits);
}

}  // namespace esscher::internal
