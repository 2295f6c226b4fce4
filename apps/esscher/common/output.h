#pragma once

/// \file
/// Where a result goes: standard output or a file.

#include <optional>
#include <string>
#include <string_view>

#include "esscher/io/atomic_file.h"

namespace esscher::app {

/// Opened before the work starts, so that a path that cannot be written costs no work.
class Output {
 public:
  /// \param path  "" or "-" is standard output
  /// \throws IoError where a file cannot be made there
  explicit Output(const std::string& path);

  /// Writes all of \p text and closes. Call once. \throws IoError where that fails.
  void write(std::string_view text);

 private:
  std::optional<AtomicFile> file_;
};

/// Refuses a file that cannot be made, for results that are written in one go behind the work.
/// Leaves what is there as it is. \throws IoError
void require_writable(const std::string& path);

}  // namespace esscher::app
