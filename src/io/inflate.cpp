#include "io/inflate.h"

#define ZLIB_CONST  // inputs are const
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

/// zlib counts in unsigned int.
unsigned clamped(std::size_t count) {
  return static_cast<unsigned>(std::min<std::size_t>(count, std::numeric_limits<unsigned>::max()));
}

class Inflater {
 public:
  Inflater() {
    constexpr int kRawDeflate = -MAX_WBITS;
    const int status = inflateInit2(&stream_, kRawDeflate);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK) throw InternalError("inflate: zlib does not start");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_ = {};
};

}  // namespace

std::optional<std::vector<std::byte>> inflate_exactly(std::span<const std::byte> packed,
                                                      std::size_t length) {
  std::vector<std::byte> out(length);
  std::byte none{};  // zlib wants an address even where nothing is to be written
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::size_t read = 0;
  std::size_t written = 0;
  while (true) {
    const unsigned in = clamped(packed.size() - read);
    const unsigned room = clamped(length - written);
    stream.next_in = reinterpret_cast<const Bytef*>(packed.data() + read);
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef*>(length == 0 ? &none : out.data() + written);
    stream.avail_out = room;
    const int status = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += room - stream.avail_out;
    if (status == Z_STREAM_END) break;
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    // Z_BUF_ERROR: no step was possible, for want of input or of room.
    if (status != Z_OK) return {};
  }
  if (read != packed.size() || written != length) return {};
  return out;
}

std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace esscher::internal
