#include <zstd.h>
#include <zstd_errors.h>

#include <new>
#include <utility>

#include "esscher/base/error.h"
#include "io/unpacking.h"

namespace esscher::internal {
namespace {

constexpr const char* kZstd = "zstd";

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZstdBytes final : public ByteSource {
 public:
  ZstdBytes(PackedInput input, std::string name)
      : input_(std::move(input)), name_(std::move(name)), stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
  }

  std::size_t read(char* to, std::size_t size) override {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      const std::string_view ahead = has_more_ ? std::string_view() : input_.ahead();
      if (ahead.empty() && !has_more_) {
        if (in_frame_) refuse_cut_off(name_, kZstd);
        return 0;
      }
      ZSTD_inBuffer in{ahead.data(), ahead.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(left) != 0) refuse(left);
      input_.use(in.pos);
      in_frame_ = left != 0;
      has_more_ = in_frame_ && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  [[noreturn]] void refuse(std::size_t status) const {
    if (ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
      throw DataError(name_ +
                      ": takes more than 128 MiB to unpack; compress it without --long, or unpack "
                      "it first");
    }
    refuse_damaged(name_, kZstd, ZSTD_getErrorName(status));
  }

  PackedInput input_;
  std::string name_;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
  bool in_frame_ = false;
  bool has_more_ = false;  ///< that it gives without further input
};

}  // namespace

std::unique_ptr<ByteSource> zstd_bytes(PackedInput input, const std::string& name) {
  return std::make_unique<ZstdBytes>(std::move(input), name);
}

}  // namespace esscher::internal
