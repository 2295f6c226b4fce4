#include "output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "esscher/base/error.h"

namespace esscher::app {

Output::Output(const std::string& path) {
  if (!path.empty() && path != "-") file_.emplace(path, "-o");
}

void Output::write(std::string_view text) {
  if (file_) {
    file_->write(text);
    file_->commit();
    return;
  }
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError("standard output cannot be written (" + std::string(std::strerror(errno)) + ")");
  }
}

void require_writable(const std::string& path) {
  std::error_code ignored;
  // Whoever reads a pipe would take a trial for the end.
  if (std::filesystem::is_fifo(path, ignored)) return;
  const AtomicFile trial(path, "-o");
}

}  // namespace esscher::app
