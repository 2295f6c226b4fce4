#pragma once

/// \file
/// The arrays of an .npz archive, wherever its bytes lie.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/mapped_array.h"
#include "io/byte_store.h"

namespace esscher::internal {

/// \param name  what messages call the archive
/// \throws as npz_keys()
std::vector<std::string> npz_keys_of(std::shared_ptr<const ByteStore> store,
                                     const std::string& name);

/// \throws as map_npz()
MappedArray npz_array_of(std::shared_ptr<const ByteStore> store, const std::string& name,
                         const std::string& key, std::string_view field);

}  // namespace esscher::internal
