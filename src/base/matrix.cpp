#include "esscher/base/matrix.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <type_traits>

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
/// a thousand columns to twice what they hold. Null where the system has none.
/// \param bytes  a multiple of a large page
void* take_pages(std::size_t bytes) {
#if defined(__linux__)
  void* const mapped =
      mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(mapped);
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(begin) % kLargePage;
  const std::size_t before = beyond == 0 ? 0 : kLargePage - beyond;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kLargePage - before);
  // Advice only: a system without large pages keeps its own.
  madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
#else
  return ::operator new (bytes, std::align_val_t{kLargePage}, std::nothrow);
#endif
}

void return_pages(void* block, [[maybe_unused]] std::size_t bytes) noexcept {
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
  void* take(std::size_t bytes) noexcept {
    const Turn turn(busy_);
    if (!turn) return nullptr;
    // The last first: the caches may still have it.
    for (std::size_t i = count_; i-- > 0;) {
      if (blocks_[i].bytes == bytes) return removed(i).address;
    }
    return nullptr;
  }

  /// Whether it was taken; the oldest make room for it.
  bool give(void* address, std::size_t bytes) noexcept {
    if (bytes > kMostHeld) return false;
    const Turn turn(busy_);
    if (!turn) return false;
    while (held_ + bytes > kMostHeld || count_ == kMostBlocks) give_back(removed(0));
    blocks_[count_++] = {address, bytes};
    held_ += bytes;
    return true;
  }

  /// Gives all back to the system. Whether there were any.
  bool clear() noexcept {
    const Turn turn(busy_);
    if (!turn || count_ == 0) return false;
    while (count_ > 0) give_back(removed(count_ - 1));
    return true;
  }

 private:
  struct Block {
    void* address = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kMostHeld = std::size_t{1} << 26;
  static constexpr std::size_t kMostBlocks = 32;

  /// Never waited for: a child of a fork may find it taken for good, and the system serves, too.
  class Turn {
   public:
    explicit Turn(std::atomic_flag& busy)
        : busy_(busy.test_and_set(std::memory_order_acquire) ? nullptr : &busy) {}
    ~Turn() {
      if (busy_ != nullptr) busy_->clear(std::memory_order_release);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const { return busy_ != nullptr; }

   private:
    std::atomic_flag* busy_;
  };

  static void give_back(const Block& block) noexcept { return_pages(block.address, block.bytes); }

  Block removed(std::size_t i) noexcept {
    const Block block = blocks_[i];
    std::copy(blocks_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
              blocks_.begin() + static_cast<std::ptrdiff_t>(count_),
              blocks_.begin() + static_cast<std::ptrdiff_t>(i));
    --count_;
    held_ -= block.bytes;
    return block;
  }

  std::atomic_flag busy_;
  std::array<Block, kMostBlocks> blocks_{};  ///< the oldest first
  std::size_t count_ = 0;
  std::size_t held_ = 0;
};

/// There before all else, and never destroyed: matrices of static storage may outlive the rest, and
/// nobody waits for another to make it.
Spare& spare() {
  static_assert(std::is_trivially_destructible_v<Spare>);
  static constinit Spare instance;
  return instance;
}

}  // namespace

void* allocate_numbers(std::size_t bytes) {
  if (!is_large(bytes)) return ::operator new(bytes);
  if (bytes > kMostBytes) throw std::bad_alloc();
  const std::size_t size = in_pages(bytes);
  void* block = spare().take(size);
  if (block == nullptr) block = take_pages(size);
  // What waits for others of its size is in the way.
  if (block == nullptr && spare().clear()) block = take_pages(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_numbers(void* block, std::size_t bytes) noexcept {
  if (!is_large(bytes)) return ::operator delete(block);
  const std::size_t size = in_pages(bytes);
  if (!spare().give(block, size)) return_pages(block, size);
}

}  // namespace esscher::internal
