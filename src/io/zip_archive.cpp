#include "io/zip_archive.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/shown_text.h"
#include "io/inflate.h"

namespace esscher::internal {
namespace {

// Records begin with these, and are at least so long.
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint32_t kEntrySignature = 0x02014b50;
constexpr std::uint64_t kEntrySize = 46;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint64_t kEnd64Size = 56;
constexpr std::uint32_t kLocatorSignature = 0x07064b50;
constexpr std::uint64_t kLocatorSize = 20;

constexpr unsigned kStored = 0;
constexpr unsigned kDeflated = 8;
/// Encrypted, patched, strongly encrypted, masked headers.
constexpr unsigned kUnreadableFlags = 0x0001 | 0x0020 | 0x0040 | 0x2000;

/// Stands in a field of 32 bits whose value is in the zip64 record.
constexpr std::uint64_t kIn64 = 0xffffffff;
constexpr unsigned kZip64Extra = 1;

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const ByteStore> store, std::string name)
    : store_(std::move(store)), name_(std::move(name)) {
  read_directory();
}

void ZipArchive::broken(const std::string& what) const {
  throw DataError(name_ + ": not a whole .npz archive: " + what + "; write or copy it again");
}

/// The little-endian number in \p count bytes.
std::uint64_t ZipArchive::number(std::uint64_t at, unsigned count) const {
  if (at > bytes().size() || count > bytes().size() - at) broken("it is truncated");
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes()[at + i]) << (8 * i);
  }
  return value;
}

/// The record lies at the end, before a comment whose length it tells.
std::uint64_t ZipArchive::find_end_record() const {
  constexpr std::uint64_t kLongestComment = 65535;
  const std::uint64_t size = bytes().size();
  for (std::uint64_t behind = kEndSize; behind <= size && behind <= kEndSize + kLongestComment;
       ++behind) {
    const std::uint64_t at = size - behind;
    if (number(at, 4) == kEndSignature && number(at + 20, 2) == behind - kEndSize) return at;
  }
  const bool begins = size >= 4 && number(0, 4) == kLocalSignature;
  broken(begins ? "it is truncated: its directory is missing" : "it is no zip archive");
}

void ZipArchive::read_directory() {
  const std::uint64_t end = find_end_record();
  std::uint64_t limit = end;  // of the directory
  std::uint64_t disk = number(end + 4, 2) | number(end + 6, 2);
  std::uint64_t here = number(end + 8, 2);
  std::uint64_t count = number(end + 10, 2);
  std::uint64_t size = number(end + 12, 4);
  directory_ = number(end + 16, 4);
  if (end >= kLocatorSize && number(end - kLocatorSize, 4) == kLocatorSignature) {
    const std::uint64_t locator = end - kLocatorSize;
    const std::uint64_t at = number(locator + 8, 8);
    if (at > locator || locator - at < kEnd64Size || number(at, 4) != kEnd64Signature) {
      broken("its zip64 record is not where it should be");
    }
    limit = at;
    disk = number(at + 16, 4) | number(at + 20, 4);
    here = number(at + 24, 8);
    count = number(at + 32, 8);
    size = number(at + 40, 8);
    directory_ = number(at + 48, 8);
  }
  if (disk != 0 || here != count) broken("it is spread over several files");
  if (directory_ > limit || size > limit - directory_) broken("its directory is out of bounds");
  const std::uint64_t stop = directory_ + size;
  if (count > size / kEntrySize) broken("its directory is shorter than its number of members");
  members_.reserve(count);
  std::set<std::string_view> names;
  std::uint64_t at = directory_;
  for (std::uint64_t i = 0; i < count; ++i) {
    members_.push_back(read_entry(at, stop));
    if (!names.insert(members_.back().name).second) {
      broken("it has two members of the name " + shown(members_.back().name));
    }
  }
  if (at != stop) broken("its directory is longer than its members");
}

/// The entry at \p at, which moves behind it.
ZipMember ZipArchive::read_entry(std::uint64_t& at, std::uint64_t end) const {
  if (end - at < kEntrySize || number(at, 4) != kEntrySignature) {
    broken("its directory is damaged");
  }
  ZipMember member;
  member.flags = static_cast<unsigned>(number(at + 8, 2));
  member.method = static_cast<unsigned>(number(at + 10, 2));
  member.crc = static_cast<std::uint32_t>(number(at + 16, 4));
  member.packed = number(at + 20, 4);
  member.unpacked = number(at + 24, 4);
  const std::uint64_t name_length = number(at + 28, 2);
  const std::uint64_t extra_length = number(at + 30, 2);
  const std::uint64_t comment_length = number(at + 32, 2);
  member.header = number(at + 42, 4);
  at += kEntrySize;
  if (end - at < name_length + extra_length + comment_length) broken("its directory is damaged");
  member.name.assign(reinterpret_cast<const char*>(bytes().data() + at), name_length);
  if (std::ranges::any_of(member.name, [](unsigned char letter) { return letter < ' '; })) {
    broken("the name of a member, " + shown(member.name) + ", has control characters");
  }
  at += name_length;
  read_zip64_sizes(member, at, at + extra_length);
  at += extra_length + comment_length;
  return member;
}

/// Replaces what did not fit into 32 bits by the numbers of the extra field, if there is one.
void ZipArchive::read_zip64_sizes(ZipMember& member, std::uint64_t at, std::uint64_t end) const {
  while (end - at >= 4) {
    const std::uint64_t kind = number(at, 2);
    const std::uint64_t length = number(at + 2, 2);
    at += 4;
    if (length > end - at) broken("its directory is damaged");
    if (kind == kZip64Extra) {
      const std::uint64_t stop = at + length;
      for (std::uint64_t* field : {&member.unpacked, &member.packed, &member.header}) {
        if (*field != kIn64) continue;
        if (stop - at < 8) broken("the sizes of " + shown(member.name) + " are missing");
        *field = number(at, 8);
        at += 8;
      }
      return;
    }
    at += length;
  }
}

/// Where a member's bytes begin: behind its local header, whose lengths may differ from those in
/// the directory. Checks that they end before the directory.
std::uint64_t ZipArchive::packed_begin(const ZipMember& member) const {
  const auto damaged = [&] { broken("member " + shown(member.name) + " is damaged"); };
  if (member.header > directory_ || directory_ - member.header < kLocalSize ||
      number(member.header, 4) != kLocalSignature) {
    damaged();
  }
  const std::uint64_t name_length = number(member.header + 26, 2);
  const std::uint64_t extra_length = number(member.header + 28, 2);
  const std::uint64_t name_begin = member.header + kLocalSize;
  const std::uint64_t begin = name_begin + name_length + extra_length;
  if (begin > directory_ || member.packed > directory_ - begin) damaged();
  const std::string_view name(reinterpret_cast<const char*>(bytes().data() + name_begin),
                              name_length);
  if (name != member.name || number(member.header + 8, 2) != member.method) damaged();
  return begin;
}

void ZipArchive::check_crc(const StoreSlice& slice, const ZipMember& member) const {
  // In pieces, so that a large mapping can give back its pages.
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  std::uint32_t crc = 0;
  const auto all = slice.store->bytes().subspan(slice.offset, slice.length);
  for (std::size_t begin = 0; begin < all.size(); begin += kPiece) {
    const std::size_t length = std::min(kPiece, all.size() - begin);
    crc = crc32_of(all.subspan(begin, length), crc);
    slice.store->touched(slice.offset + begin, length);
  }
  if (crc != member.crc) {
    broken("the content of member " + shown(member.name) + " does not have its CRC-32");
  }
}

StoreSlice ZipArchive::open(const ZipMember& member) const {
  const std::string label = shown(member.name);
  if ((member.flags & kUnreadableFlags) != 0) {
    throw DataError(name_ + ": member " + label + " is encrypted; write the archive without");
  }
  if (member.method != kStored && member.method != kDeflated) {
    throw DataError(name_ + ": member " + label + " is compressed by method " +
                    std::to_string(member.method) +
                    "; write the archive with numpy.savez or numpy.savez_compressed");
  }
  const std::uint64_t begin = packed_begin(member);
  if (member.method == kStored) {
    if (member.packed != member.unpacked) broken("member " + label + " has two lengths");
    StoreSlice slice{store_, begin, member.packed};
    check_crc(slice, member);
    return slice;
  }
  // No stream of deflate gives more, so that a larger claim needs no memory to be found false.
  constexpr std::uint64_t kMostRatio = 1032;
  constexpr std::uint64_t kAllowance = std::uint64_t{64} << 10;
  if (member.unpacked > kAllowance &&
      (member.unpacked - kAllowance - 1) / kMostRatio >= member.packed) {
    broken("member " + label + " claims to inflate " + std::to_string(member.packed) +
           " bytes to " + std::to_string(member.unpacked));
  }
  require_memory(member.unpacked, "file", name_, "inflating " + label,
                 "write it with numpy.savez, whose arrays need not be held in memory");
  auto inflated = inflate_exactly(bytes().subspan(begin, member.packed), member.unpacked);
  if (!inflated) broken("member " + label + " does not inflate to the length that it claims");
  StoreSlice slice{std::make_shared<const HeldBytes>(std::move(*inflated)), 0, member.unpacked};
  check_crc(slice, member);
  return slice;
}

}  // namespace esscher::internal
