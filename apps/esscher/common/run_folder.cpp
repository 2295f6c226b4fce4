#include "run_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "esscher/base/error.h"
#include "esscher/io/atomic_file.h"

namespace esscher::app {
namespace {

constexpr char kRemedy[] = "give a path at which a folder may be made";

}  // namespace

RunFolder::RunFolder(const std::string& path, bool force) : path_(path) {
  std::error_code failure;
  if (std::filesystem::exists(path_, failure) && !std::filesystem::is_directory(path_, failure)) {
    throw IoError(rejection("-o", path, "is a file, not a folder", kRemedy));
  }
  std::filesystem::create_directories(path_, failure);
  if (failure)
    throw IoError(rejection("-o", path, "cannot be made (" + failure.message() + ")", kRemedy));
  if (access(path_.c_str(), W_OK | X_OK) != 0) {
    throw IoError(rejection(
        "-o", path, std::string("cannot be written to (") + std::strerror(errno) + ")", kRemedy));
  }
  if (!force && !std::filesystem::is_empty(path_, failure)) {
    throw UsageError(rejection("-o", path, "the folder exists and is not empty",
                               "name another, or replace its files with --force"));
  }
}

void RunFolder::write(const std::string& name, std::string_view text) const {
  AtomicFile file(path_of(name), "-o");
  file.write(text);
  file.commit();
}

}  // namespace esscher::app
