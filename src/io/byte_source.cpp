#include "io/byte_source.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/io/table_reader.h"

namespace esscher::internal {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

class FileBytes final : public ByteSource {
 public:
  FileBytes() : name_(table_name(kStandardInput)), file_(stdin) {}
  explicit FileBytes(const std::string& path) : name_(path) {
    errno = 0;
    file_.reset(std::fopen(path.c_str(), "rb"));
    if (!file_) refuse();
  }

  std::size_t read(char* to, std::size_t size) override {
    errno = 0;
    const std::size_t count = std::fread(to, 1, size, file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) refuse();
    return count;
  }

 private:
  [[noreturn]] void refuse() const {
    throw IoError(name_ + ": cannot be read (" + std::strerror(errno) + ")");
  }

  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) {
  if (path == kStandardInput) return std::make_unique<FileBytes>();
  return std::make_unique<FileBytes>(path);
}

BlockInput::BlockInput(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), block_(kBlock), first_(fill()) {}

BlockInput::BlockInput(std::string_view bytes) : first_(bytes) {}

std::string_view BlockInput::next() { return source_ ? fill() : std::string_view(); }

/// A whole block where there are so many bytes, however few the source gives at a time: what is
/// found in the first block must not depend on that.
std::string_view BlockInput::fill() {
  std::size_t count = 0;
  while (count < block_.size()) {
    const std::size_t more = source_->read(block_.data() + count, block_.size() - count);
    if (more == 0) {
      source_.reset();
      break;
    }
    count += more;
  }
  return {block_.data(), count};
}

}  // namespace esscher::internal
