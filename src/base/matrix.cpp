#include "esscher/base/matrix.h"

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

bool is_large(std::size_t bytes) { return bytes >= kLeastBytes; }

/// Large blocks that were given back and wait for the next of their size: the system clears each
/// page that it gives, which takes longer than much of what is computed in it.
class Spare {
 public:
  /// Null where there is none of the size.
  void* take(std::size_t bytes) {
    // A child of a fork may find it locked for good, and the system serves as well.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    // The last first: the caches may still have it.
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      if (blocks_[i].bytes != bytes) continue;
      void* const block = blocks_[i].block;
      held_ -= bytes;
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i));
      return block;
    }
    return nullptr;
  }

  /// Whether it was taken; the oldest make room for it.
  bool give(void* block, std::size_t bytes) noexcept {
    if (bytes > kMostHeld) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    while (held_ + bytes > kMostHeld || blocks_.size() == kMostBlocks) {
      release(blocks_.front());
      held_ -= blocks_.front().bytes;
      blocks_.erase(blocks_.begin());
    }
    blocks_.push_back({block, bytes});  // within its capacity
    held_ += bytes;
    return true;
  }

 private:
  struct Block {
    void* block;
    std::size_t bytes;
  };
  static constexpr std::size_t kMostHeld = std::size_t{1} << 27;
  static constexpr std::size_t kMostBlocks = 32;

  static void release(const Block& block) {
    ::operator delete (block.block, std::align_val_t{kLargePage});
  }

  Spare() { blocks_.reserve(kMostBlocks); }

  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t held_ = 0;

  friend Spare& spare();
};

/// Never destroyed: matrices with static storage may outlive it.
Spare& spare() {
  static Spare* const instance = new Spare;
  return *instance;
}

std::size_t in_pages(std::size_t bytes) {
  return (bytes + kLargePage - 1) / kLargePage * kLargePage;
}

// Sanitizers look for use of what was given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeepsSpare = false;
#elif defined(__has_feature)
constexpr bool kKeepsSpare = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool kKeepsSpare = true;
#endif

}  // namespace

void* allocate_numbers(std::size_t bytes) {
  if (!is_large(bytes)) return ::operator new(bytes);
  if (bytes > std::numeric_limits<std::size_t>::max() - kLargePage) throw std::bad_alloc();
  const std::size_t size = in_pages(bytes);
  if (kKeepsSpare) {
    if (void* const block = spare().take(size)) return block;
  }
  void* block = ::operator new (size, std::align_val_t{kLargePage});
#if defined(__linux__)
  // Advice only: a system without large pages keeps its own.
  madvise(block, size, MADV_HUGEPAGE);
#endif
  return block;
}

void free_numbers(void* block, std::size_t bytes) noexcept {
  if (!is_large(bytes)) return ::operator delete(block);
  if (kKeepsSpare && spare().give(block, in_pages(bytes))) return;
  ::operator delete (block, std::align_val_t{kLargePage});
}

}  // namespace esscher::internal
