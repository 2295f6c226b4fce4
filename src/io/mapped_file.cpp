#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

/// An open file.
class Descriptor {
 public:
  // Without O_NONBLOCK a pipe that nobody writes to would hold up the program.
  explicit Descriptor(const std::string& path)
      : number_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

MappedFile::MappedFile(const std::string& path, std::string_view field) {
  const auto refuse_for_errno = [&] {
    throw IoError(rejection(field, path,
                            std::string("cannot be read (") + std::strerror(errno) + ")",
                            "check that it exists and may be read"));
  };
  const Descriptor file(path);
  struct stat facts = {};
  if (file.number() < 0 || fstat(file.number(), &facts) != 0) refuse_for_errno();
  if (S_ISDIR(facts.st_mode)) {
    throw IoError(rejection(field, path, "is a folder", "name a file in it"));
  }
  if (!S_ISREG(facts.st_mode)) {
    throw IoError(rejection(field, path, "is not a regular file, and cannot be mapped",
                            "copy its content to a file first"));
  }
  size_ = static_cast<std::size_t>(facts.st_size);
  if (size_ == 0) return;  // nothing to map; mmap would refuse it
  void* mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.number(), 0);
  if (mapped == MAP_FAILED) refuse_for_errno();
  data_ = static_cast<std::byte*>(mapped);
  if (size_ > kKeepBelow) {
    windows_ = std::vector<std::atomic<std::uint64_t>>(size_ / (64 * kWindow) + 1);
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

void MappedFile::touched(std::uint64_t begin, std::uint64_t length) const {
  if (windows_.empty() || length == 0) return;
  const std::uint64_t last = (begin + length - 1) / kWindow;
  for (std::uint64_t window = begin / kWindow; window <= last; ++window) {
    std::atomic<std::uint64_t>& word = windows_[window / 64];
    const std::uint64_t bit = std::uint64_t{1} << (window % 64);
    if ((word.load(std::memory_order_relaxed) & bit) != 0) continue;
    if ((word.fetch_or(bit, std::memory_order_relaxed) & bit) != 0) continue;
    if (touched_.fetch_add(1, std::memory_order_relaxed) + 1 >= kMostWindows) give_back();
  }
}

/// What others are reading right now comes back from the system's cache, with the same bytes.
void MappedFile::give_back() const {
  for (std::uint64_t i = 0; i < windows_.size(); ++i) {
    std::uint64_t bits = windows_[i].exchange(0, std::memory_order_relaxed);
    touched_.fetch_sub(static_cast<std::uint64_t>(std::popcount(bits)), std::memory_order_relaxed);
    while (bits != 0) {
      const int first = std::countr_zero(bits);
      const int count = std::countr_one(bits >> first);
      const std::uint64_t begin = (i * 64 + static_cast<std::uint64_t>(first)) * kWindow;
      const std::uint64_t length = static_cast<std::uint64_t>(count) * kWindow;
      // Advice only: where the system does not take it, more memory is held, and that is all.
      madvise(data_ + begin, std::min<std::uint64_t>(length, size_ - begin), MADV_DONTNEED);
      if (first + count == 64) break;
      bits = bits >> (first + count) << (first + count);
    }
  }
}

}  // namespace esscher::internal
