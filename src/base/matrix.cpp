#include "esscher/base/matrix.h"

#include <cstdint>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace esscher::internal {
namespace {

constexpr std::size_t kLargePage = std::size_t{1} << 21;
/// Below so much the rest of a last page would be too large a share.
constexpr std::size_t kLeastBytes = 2 * kLargePage;
constexpr std::size_t kMostBytes = std::numeric_limits<std::size_t>::max() - 2 * kLargePage;

// Sanitizers look for use of what was given back, and of what lies beyond an end.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

bool is_large(std::size_t bytes) { return !kSanitized && bytes >= kLeastBytes; }

std::size_t in_pages(std::size_t bytes) {
  return (bytes + kLargePage - 1) / kLargePage * kLargePage;
}

/// Not from the heap, which grows by pieces between blocks that come and go: in some ten rounds of
/// a thousand columns to twice what they hold. \param bytes  a multiple of a large page
void* take_pages(std::size_t bytes) {
#if defined(__linux__)
  void* const mapped =
      mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(begin) % kLargePage;
  const std::size_t before = beyond == 0 ? 0 : kLargePage - beyond;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kLargePage - before);
  // Advice only: a system without large pages keeps its own.
  madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
#else
  return ::operator new (bytes, std::align_val_t{kLargePage});
#endif
}

void give_back(void* block, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__)
  munmap(block, bytes);
#else
  ::operator delete (block, std::align_val_t{kLargePage});
#endif
}

/// Large blocks that are free and wait for the next of their size: the system clears each page that
/// it gives, which takes longer than much of what is computed in it.
class Spare {
 public:
  /// Null where there is none of the size.
  void* take(std::size_t bytes) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    // The last first: the caches may still have it.
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      if (blocks_[i].bytes != bytes) continue;
      void* const address = blocks_[i].address;
      held_ -= bytes;
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i));
      return address;
    }
    return nullptr;
  }

  /// Whether it was taken; the oldest make room for it.
  bool give(void* address, std::size_t bytes) noexcept {
    if (bytes > kMostHeld) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    while (held_ + bytes > kMostHeld || blocks_.size() == kMostBlocks) {
      give_back(blocks_.front().address, blocks_.front().bytes);
      held_ -= blocks_.front().bytes;
      blocks_.erase(blocks_.begin());
    }
    blocks_.push_back({address, bytes});  // within its capacity
    held_ += bytes;
    return true;
  }

 private:
  struct Block {
    void* address;
    std::size_t bytes;
  };
  static constexpr std::size_t kMostHeld = std::size_t{1} << 27;
  static constexpr std::size_t kMostBlocks = 32;

  Spare() { blocks_.reserve(kMostBlocks); }
  friend Spare& spare();

  /// Never waited for: a child of a fork may find it locked for good, and the system serves, too.
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t held_ = 0;
};

/// Never destroyed: matrices of static storage may outlive all else.
Spare& spare() {
  static Spare* const instance = new Spare;
  return *instance;
}

}  // namespace

void* allocate_numbers(std::size_t bytes) {
  if (!is_large(bytes)) return ::operator new(bytes);
  if (bytes > kMostBytes) throw std::bad_alloc();
  const std::size_t size = in_pages(bytes);
  if (void* const block = spare().take(size)) return block;
  return take_pages(size);
}

void free_numbers(void* block, std::size_t bytes) noexcept {
  if (!is_large(bytes)) return ::operator delete(block);
  const std::size_t size = in_pages(bytes);
  if (!spare().give(block, size)) give_back(block, size);
}

}  // namespace esscher::internal
