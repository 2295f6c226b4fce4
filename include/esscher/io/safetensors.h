#pragma once

/// \file
/// Files in the safetensors format: named dense tensors behind a JSON header, with text metadata.
/// Layout: 8 bytes little-endian length of the header, the header, then the tensors' bytes,
/// row-major, little-endian (github.com/huggingface/safetensors).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/mapped_array.h"

namespace esscher {

/// One tensor of doubles, row-major; what other element types are converted to when read.
struct Tensor {
  std::vector<std::uint64_t> shape;
  std::vector<double> values;
};

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes doubles as F64. The file appears under its name only when it is whole.
/// \throws UsageError where a tensor's values do not fill its shape, IoError where writing fails.
void write_safetensors(const std::string& path, const Safetensors& content);

/// Reads F64, F32, F16 and BF16 tensors. Headers are checked before anything is allocated: bounds,
/// overlaps, overflow of shapes.
/// \throws IoError where the file cannot be read; DataError with the path, for anything malformed
///         (a truncated file says how many bytes are missing).
Safetensors read_safetensors(const std::string& path);

/// One tensor with one or two dimensions, mapped: floats, whole numbers or BOOL. Other tensors of
/// the file may have any type.
/// \param field  what messages call the key (the caller's spelling)
/// \throws UsageError for a key that is not there, naming those that are; otherwise as
///         read_safetensors()
MappedArray map_safetensors(const std::string& path, const std::string& key,
                            std::string_view field = "key");

}  // namespace esscher
