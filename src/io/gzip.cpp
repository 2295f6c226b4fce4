#define ZLIB_CONST  // inputs are const
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "esscher/base/error.h"
#include "io/unpacking.h"

namespace esscher::internal {
namespace {

constexpr const char* kGzip = "gzip";

class GzipBytes final : public ByteSource {
 public:
  GzipBytes(PackedInput input, std::string name)
      : input_(std::move(input)), name_(std::move(name)) {
    constexpr int kGzipHeaders = 16;
    const int status = inflateInit2(&stream_, MAX_WBITS + kGzipHeaders);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK) throw InternalError("gzip: zlib does not start");
  }
  ~GzipBytes() override { inflateEnd(&stream_); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  std::size_t read(char* to, std::size_t size) override {
    const auto room =
        static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      std::string_view ahead = input_.ahead();
      if (!in_member_) {
        // Some writers fill their last block up with zeros.
        const std::size_t zeros = std::min(ahead.find_first_not_of('\0'), ahead.size());
        input_.use(zeros);
        if (zeros > 0) continue;
        if (ahead.empty()) return 0;
        if (ahead[0] != '\x1F') {
          refuse_damaged(name_, kGzip, "other bytes follow behind their end");
        }
        inflateReset(&stream_);
        in_member_ = true;
      }
      if (ahead.empty()) refuse_cut_off(name_, kGzip);
      step(ahead);
    }
    return room - stream_.avail_out;
  }

 private:
  void step(std::string_view ahead) {
    stream_.next_in = reinterpret_cast<const Bytef*>(ahead.data());
    stream_.avail_in = static_cast<unsigned>(ahead.size());  // a piece is shorter than 2^32
    const int status = inflate(&stream_, Z_NO_FLUSH);
    input_.use(ahead.size() - stream_.avail_in);
    if (status == Z_STREAM_END) {
      in_member_ = false;
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK) {
      refuse_damaged(name_, kGzip, stream_.msg == nullptr ? "" : stream_.msg);
    }
  }

  PackedInput input_;
  std::string name_;
  z_stream stream_ = {};
  bool in_member_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> gzip_bytes(PackedInput input, const std::string& name) {
  return std::make_unique<GzipBytes>(std::move(input), name);
}

}  // namespace esscher::internal
