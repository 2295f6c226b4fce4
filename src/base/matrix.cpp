#include "esscher/base/matrix.h"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace esscher::internal {
namespace {

constexpr std::size_t kLargePage = std::size_t{1} << 21;
/// Below so much the rest of a last page would be too large a share.
constexpr std::size_t kLeastBytes = 2 * kLargePage;

bool is_large(std::size_t bytes) { return bytes >= kLeastBytes; }

}  // namespace

void* allocate_numbers(std::size_t bytes) {
  if (!is_large(bytes)) return ::operator new(bytes);
  void* block = ::operator new (bytes, std::align_val_t{kLargePage});
#if defined(__linux__)
  // Advice only: a system without large pages keeps its own.
  madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

void free_numbers(void* block, std::size_t bytes) noexcept {
  if (is_large(bytes)) {
    ::operator delete (block, std::align_val_t{kLargePage});
  } else {
    ::operator delete(block);
  }
}

}  // namespace esscher::internal
