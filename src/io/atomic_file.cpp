#include "esscher/io/atomic_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "esscher/base/error.h"

namespace esscher {

void AtomicFile::refuse(const std::string& reason) const {
  throw IoError(rejection(field_, name_, "cannot be written (" + reason + ")",
                          "give a path in a folder that exists, may be written to and has room"));
}

/// Where the name leads: renaming onto a symbolic link would put a file in its place. The target
/// need not exist.
std::filesystem::path AtomicFile::behind_links() const {
  constexpr int kMostLinks = 40;
  std::filesystem::path path = name_;
  std::error_code failure;
  for (int i = 0; std::filesystem::is_symlink(path, failure); ++i) {
    if (i == kMostLinks) refuse("too many symbolic links");
    const std::filesystem::path target = std::filesystem::read_symlink(path, failure);
    if (failure) refuse(failure.message());
    path = path.parent_path() / target;  // an absolute target stands for itself
  }
  return path;
}

AtomicFile::AtomicFile(const std::string& path, std::string_view field)
    : name_(path), field_(field), path_(path) {
  std::error_code ignored;
  if (path.empty()) refuse("it is empty");
  if (std::filesystem::is_directory(path_, ignored)) refuse("it is a folder");
  if (!std::filesystem::exists(path_, ignored) ||
      std::filesystem::is_regular_file(path_, ignored)) {
    path_ = behind_links();
    partial_ = path_;
    partial_ += ".partial-" + std::to_string(getpid());
  }
  errno = 0;
  file_ = std::fopen((partial_.empty() ? path_ : partial_).c_str(), "wb");
  if (file_ == nullptr) {
    partial_.clear();
    refuse(std::strerror(errno));
  }
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  std::error_code ignored;
  if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  if (count == 0) return;  // fwrite wants an address even then
  errno = 0;
  if (std::fwrite(bytes, 1, count, file_) != count) refuse(std::strerror(errno));
}

void AtomicFile::commit() {
  errno = 0;
  std::FILE* file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0) refuse(std::strerror(errno));
  if (partial_.empty()) return;
  std::error_code failure;
  std::filesystem::rename(partial_, path_, failure);
  if (failure) refuse(failure.message());
  partial_.clear();
}

}  // namespace esscher
