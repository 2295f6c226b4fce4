#pragma once

/// \file
/// Bytes of array files, put together by hand and without the library that reads them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace esscher {

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string u16(std::uint64_t value) {
  return little_endian(static_cast<std::uint16_t>(value));
}
inline std::string u32(std::uint64_t value) {
  return little_endian(static_cast<std::uint32_t>(value));
}
inline std::string u64(std::uint64_t value) { return little_endian(value); }

/// An .npy file of format 1.0 with this dictionary and these bytes behind it.
inline std::string npy_file(const std::string& dictionary, std::string_view data) {
  return std::string("\x93NUMPY\x01\x00", 8) + u16(dictionary.size()) + dictionary +
         std::string(data);
}

/// A safetensors file with this header and these bytes behind it.
inline std::string safetensors_file(const std::string& header, std::string_view data) {
  return u64(header.size()) + header + std::string(data);
}

/// CRC-32 of zip files: polynomial 0xEDB88320, bits reflected.
inline std::uint32_t crc_of(std::string_view text) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

/// A member of a zip archive; what it claims may be false.
struct ZipMember {
  std::string name;
  std::string content;
  unsigned method = 0;
  std::string packed = content;
  unsigned flags = 0;
  std::uint32_t crc = crc_of(content);
  std::uint64_t claimed = content.size();
  bool zip64 = false;  ///< lengths and place in an extra field
};

struct ZipArchive {
  std::string members;
  std::string directory;
  unsigned count = 0;

  void add(const ZipMember& member) {
    const std::uint64_t at = members.size();
    const std::string extra =
        member.zip64 ? u16(1) + u16(24) + u64(member.claimed) + u64(member.packed.size()) + u64(at)
                     : "";
    const std::string about =
        u16(20) + u16(member.flags) + u16(member.method) + u32(0) + u32(member.crc) +
        (member.zip64 ? u32(~0U) + u32(~0U) : u32(member.packed.size()) + u32(member.claimed)) +
        u16(member.name.size());
    // The local header has an extra field of its own, of another length.
    members += "PK\3\4" + about + u16(3) + member.name + "xyz" + member.packed;
    directory += "PK\1\2" + u16(20) + about + u16(extra.size()) + u16(2) + u16(0) + u16(0) +
                 u32(0) + u32(member.zip64 ? ~0U : at) + member.name + extra + "hi";
    ++count;
  }
  std::string end(const std::string& comment = "") const {
    return std::string("PK\5\6") + u32(0) + u16(count) + u16(count) + u32(directory.size()) +
           u32(members.size()) + u16(comment.size()) + comment;
  }
  std::string end64() const {
    const std::uint64_t at = members.size() + directory.size();
    return std::string("PK\6\6") + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) +
           u64(count) + u64(directory.size()) + u64(members.size()) + "PK\6\7" + u32(0) + u64(at) +
           u32(1) + std::string("PK\5\6") + u32(0) + u16(0xffff) + u16(0xffff) + u32(~0U) +
           u32(~0U) + u16(0);
  }
  std::string whole() const { return members + directory + end(); }
};

}  // namespace esscher
