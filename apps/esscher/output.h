#pragma once

/// \file
/// Where a result goes: standard output or a file.

#include <filesystem>
#include <string>
#include <string_view>

namespace esscher::app {

/// Opened before the work starts, so that a path that cannot be written costs no work; a file
/// appears under its name only when it is whole. A symbolic link stays one: its target is written.
class Output {
 public:
  /// \param path  "" or "-" is standard output
  /// \throws IoError where a file cannot be made there
  explicit Output(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// Writes all of \p text and closes. Call once. \throws IoError where that fails.
  void write(std::string_view text);

 private:
  std::string name_;               ///< as given
  std::filesystem::path path_;     ///< behind symbolic links
  std::filesystem::path partial_;  ///< beside path_, renamed to it at the end
};

}  // namespace esscher::app
