#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "settings.h"

namespace esscher::app {
namespace {

std::string place(const std::string& path, const toml::node& node) {
  return path + ":" + std::to_string(node.source().begin.line);
}

std::string scalar_text(const std::string& path, std::string_view key, const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  throw DataError(place(path, node) + ": " + std::string(key) +
                  " must be a text, a number, true, false or a list of those");
}

std::string value_text(const std::string& path, std::string_view key, const toml::node& node) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return scalar_text(path, key, node);
  std::string text;
  for (const toml::node& entry : *list) {
    if (!text.empty()) text += ",";
    text += scalar_text(path, key, entry);
  }
  return text;
}

void read_config_text(const std::string& content, const std::string& path, Settings& settings) {
  try {
    const toml::table table = toml::parse(content, path);
    for (const auto& [key, node] : table) {
      settings.assign(key.str(), value_text(path, key.str(), node), place(path, node));
    }
  } catch (const toml::parse_error& error) {
    std::ostringstream text;
    text << path << ":" << error.source().begin.line << ": not TOML: " << error.description();
    throw DataError(text.str());
  }
}

}  // namespace

void read_config(const std::string& path, Settings& settings) {
  if (path == "-") {
    read_config_text({std::istreambuf_iterator<char>(std::cin), {}}, "standard input", settings);
    return;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw IoError(rejection("--config", path, "is a folder", "name a file"));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    throw IoError(rejection("--config", path,
                            std::string("cannot be read (") + std::strerror(errno) + ")",
                            "check the path"));
  }
  read_config_text(content, path, settings);
}

}  // namespace esscher::app
