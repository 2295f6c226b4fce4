#include "read_record.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "esscher/base/error.h"
#include "esscher/pipeline/table_model.h"
#include "esscher/record/fit_record.h"

namespace esscher::app {
namespace {

namespace fs = std::filesystem;

std::string model_record(const std::string& path) {
  const TableModel model = load_table_model(path);
  const auto found = model.facts.find(kRecordFact);
  if (found == model.facts.end()) {
    throw DataError(path +
                    ": this model holds no record of its fit; fit it again with this esscher");
  }
  return found->second;
}

}  // namespace

ReportRecord read_record(const std::string& path) {
  std::error_code ignored;
  const bool folder = fs::is_directory(path, ignored);
  if (folder && !fs::exists(fs::path(path) / "result.json", ignored)) {
    throw IoError(rejection("result", path, "the folder holds no result.json",
                            "name one that simulate or evaluate wrote with -o"));
  }
  if (!folder && path.ends_with(".safetensors")) return {path, model_record(path)};
  const std::string file = folder ? (fs::path(path) / "result.json").string() : path;
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream || fs::is_directory(file, ignored)) {
    throw IoError(rejection("result", path,
                            std::string("cannot be read (") + std::strerror(errno) + ")",
                            "name a result.json or a folder that holds one"));
  }
  return {path, text.str()};
}

}  // namespace esscher::app
