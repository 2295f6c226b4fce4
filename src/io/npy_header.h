#pragma once

/// \file
/// What stands before the bytes of an .npy file.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "esscher/io/mapped_array.h"
#include "io/byte_store.h"

namespace esscher::internal {

struct NpyHeader {
  ArrayLayout layout;
  std::size_t size = 0;  ///< bytes before the array
};

/// \param name  what messages call the file
/// \throws DataError
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& name);

/// The array in \p length bytes from \p offset on of \p store, which are a whole .npy file.
/// \throws DataError
MappedArray parse_npy(std::shared_ptr<const ByteStore> store, std::size_t offset,
                      std::size_t length, const std::string& name);

}  // namespace esscher::internal
