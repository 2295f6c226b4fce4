#pragma once

/// \file
/// What stands before the tensors' bytes of a safetensors file.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/mapped_array.h"
#include "esscher/io/safetensors.h"
#include "io/byte_store.h"

namespace esscher::internal {

struct SafetensorsEntry {
  std::string type;                    ///< as the format calls it: "F32"
  std::optional<ElementType> element;  ///< empty for types that are not read here
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  ///< in the file
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// Number of elements, or nothing where it does not fit.
std::optional<std::uint64_t> element_count(const std::vector<std::uint64_t>& shape);

/// Checks that the tensors fill the file without gaps or overlaps, and that shapes fit their bytes.
/// \param name  what messages call the file
/// \throws DataError
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& name);

/// \throws as read_safetensors()
Safetensors safetensors_of(const ByteStore& store, const std::string& name);

/// \throws as map_safetensors()
MappedArray safetensors_array_of(std::shared_ptr<const ByteStore> store, const std::string& name,
                                 const std::string& key, std::string_view field);

}  // namespace esscher::internal
