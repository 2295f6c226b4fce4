#include "esscher/io/npz.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "io/mapped_file.h"
#include "io/npy_header.h"
#include "io/npz_archive.h"
#include "io/unknown_key.h"
#include "io/zip_archive.h"

namespace esscher {
namespace internal {
namespace {

/// A member's array is known without its ending.
std::string key_of(const ZipMember& member) {
  constexpr std::string_view kEnding = ".npy";
  const std::string& name = member.name;
  return name.size() > kEnding.size() && name.ends_with(kEnding)
             ? name.substr(0, name.size() - kEnding.size())
             : name;
}

std::vector<std::string> keys_of(const ZipArchive& archive, const std::string& name) {
  std::vector<std::string> keys;
  keys.reserve(archive.members().size());
  for (const ZipMember& member : archive.members()) keys.push_back(key_of(member));
  // "a" beside "a.npy".
  std::vector<std::string> sorted = keys;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    throw DataError(name + ": has two arrays of the name " + shown(*twice) +
                    "; write the archive again");
  }
  return keys;
}

}  // namespace

std::vector<std::string> npz_keys_of(std::shared_ptr<const ByteStore> store,
                                     const std::string& name) {
  return keys_of(ZipArchive(std::move(store), name), name);
}

MappedArray npz_array_of(std::shared_ptr<const ByteStore> store, const std::string& name,
                         const std::string& key, std::string_view field) {
  const ZipArchive archive(std::move(store), name);
  const std::vector<std::string> keys = keys_of(archive, name);
  const auto found = std::ranges::find(keys, key);
  if (found == keys.end()) refuse_unknown_key(field, key, name, keys);
  StoreSlice slice =
      archive.open(archive.members()[static_cast<std::size_t>(found - keys.begin())]);
  return parse_npy(std::move(slice.store), slice.offset, slice.length, array_name(name, key));
}

}  // namespace internal

std::vector<std::string> npz_keys(const std::string& path) {
  return internal::npz_keys_of(std::make_shared<const internal::MappedFile>(path), path);
}

MappedArray map_npz(const std::string& path, const std::string& key, std::string_view field) {
  return internal::npz_array_of(std::make_shared<const internal::MappedFile>(path), path, key,
                                field);
}

}  // namespace esscher
