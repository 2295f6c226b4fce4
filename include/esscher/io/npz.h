#pragma once

/// \file
/// NumPy's archives of arrays (.npz): zip files of .npy members, as numpy.savez and
/// numpy.savez_compressed write them (PKWARE's APPNOTE.TXT, with zip64).

#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/mapped_array.h"

namespace esscher {

/// The arrays' names, in the order of the archive's directory.
/// \throws IoError where the file cannot be read, DataError with the path where it is no zip
///         archive, is damaged, or has two arrays of one name
std::vector<std::string> npz_keys(const std::string& path);

/// One array: mapped where it is stored plainly, inflated into memory where it is compressed. Reads
/// it once to check its CRC-32. A hostile archive costs at most 1032 bytes of memory for each of
/// its own.
/// \param field  what messages call the key (the caller's spelling, e.g. "--features-key")
/// \throws UsageError for a key that is not there, naming those that are, or an array too large to
///         inflate on this machine; otherwise as npz_keys(); DataError for encrypted members and
///         other compressions, and as map_npy()
MappedArray map_npz(const std::string& path, const std::string& key,
                    std::string_view field = "key");

}  // namespace esscher
