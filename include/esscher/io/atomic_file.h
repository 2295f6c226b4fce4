#pragma once

/// \file
/// Files that appear under their name only when they are whole.

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace esscher {

/// Writes beside a path and renames at commit(); without a commit nothing is left behind. Made
/// before the work starts, so that a path that cannot be written costs no work. A symbolic link
/// stays one: its target is written. A device or a pipe is written to as it is.
class AtomicFile {
 public:
  /// \param field  what messages call the path (the caller's spelling, e.g. "-o")
  /// \throws IoError where a file cannot be made there
  explicit AtomicFile(const std::string& path, std::string_view field = "path");
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// \throws IoError where the bytes cannot be written
  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Closes the file and gives it its name. Call once, last. \throws IoError
  void commit();

 private:
  [[noreturn]] void refuse(const std::string& reason) const;
  std::filesystem::path behind_links() const;

  std::string name_;  ///< as given
  std::string field_;
  std::filesystem::path path_;     ///< behind symbolic links
  std::filesystem::path partial_;  ///< beside path_; empty for a device
  std::FILE* file_ = nullptr;
};

}  // namespace esscher
