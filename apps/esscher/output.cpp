#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

#include "esscher/base/error.h"

namespace esscher::app {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw IoError(rejection("-o", name, "cannot be written (" + reason + ")",
                          "give a path in a folder that exists and may be written to"));
}

/// Where \p name leads: renaming onto a symbolic link would put a file in its place. The target
/// need not exist.
std::filesystem::path behind_links(const std::string& name) {
  constexpr int kMostLinks = 40;
  std::filesystem::path path = name;
  std::error_code failure;
  for (int i = 0; std::filesystem::is_symlink(path, failure); ++i) {
    if (i == kMostLinks) refuse(name, "too many symbolic links");
    const std::filesystem::path target = std::filesystem::read_symlink(path, failure);
    if (failure) refuse(name, failure.message());
    path = path.parent_path() / target;  // an absolute target stands for itself
  }
  return path;
}

}  // namespace

Output::Output(const std::string& path) {
  if (path.empty() || path == "-") return;
  name_ = path;
  path_ = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored)) refuse(path, "it is a folder");
  if (std::filesystem::exists(path_, ignored) &&
      !std::filesystem::is_regular_file(path_, ignored)) {
    // A device or a pipe: nothing to rename over.
    if (access(path.c_str(), W_OK) != 0) refuse(path, std::strerror(errno));
    return;
  }
  path_ = behind_links(path);
  partial_ = path_;
  partial_ += ".partial-" + std::to_string(getpid());
  errno = 0;
  if (!std::ofstream(partial_)) {
    const std::string reason = std::strerror(errno);
    partial_.clear();
    refuse(path, reason);
  }
}

Output::~Output() {
  std::error_code ignored;
  if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
}

void Output::write(std::string_view text) {
  errno = 0;
  if (path_.empty()) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      throw IoError("standard output cannot be written (" + std::string(std::strerror(errno)) +
                    ")");
    }
    return;
  }
  const std::filesystem::path& target = partial_.empty() ? path_ : partial_;
  std::ofstream file(target, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) refuse(name_, std::strerror(errno));
  if (partial_.empty()) return;
  std::error_code failure;
  std::filesystem::rename(partial_, path_, failure);
  if (failure) refuse(name_, failure.message());
  partial_.clear();
}

}  // namespace esscher::app
