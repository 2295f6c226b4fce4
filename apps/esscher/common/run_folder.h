#pragma once

/// \file
/// The folder into which a run writes its files.

#include <filesystem>
#include <string>
#include <string_view>

namespace esscher::app {

class RunFolder {
 public:
  /// Makes the folder. One that holds anything is refused unless \p force; its files are then
  /// replaced one by one and no others touched.
  /// \throws UsageError for a folder that is not empty, IoError where it cannot be made
  RunFolder(const std::string& path, bool force);

  /// Writes one file, whole or not at all. \throws IoError
  void write(const std::string& name, std::string_view text) const;
  std::string path_of(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace esscher::app
