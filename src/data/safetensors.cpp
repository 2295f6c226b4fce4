#include "esscher/data/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "esscher/base/error.h"
#include "esscher/data/atomic_file.h"

namespace esscher {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

/// The format's own limit, which keeps a hostile length from being allocated.
constexpr std::uint64_t kLongestHeader = 100'000'000;

/// Number of elements, or nothing where it does not fit.
std::optional<std::uint64_t> elements(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    if (extent != 0 && count > std::uint64_t{1} << 48 && extent > 1) return {};
    if (__builtin_mul_overflow(count, extent, &count)) return {};
  }
  return count;
}

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double size = 0;
  if (exponent == 31) {
    size = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    size = std::ldexp(fraction, -24);
  } else {
    size = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

double from_bfloat(std::uint16_t bits) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

template <class Stored, class Convert>
void convert(const char* bytes, std::vector<double>& out, Convert to_double) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof stored, sizeof stored);
    out[i] = to_double(stored);
  }
}

/// One file being read, with its name for messages.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      throw IoError(rejection("file", path, "is a folder", "name a file in it"));
    }
    file_.seekg(0, std::ios::end);
    const auto end = file_.tellg();
    if (!file_ || end < 0) {
      throw IoError(rejection("file", path, "cannot be read", "check that it exists"));
    }
    size_ = static_cast<std::uint64_t>(end);
  }

  Safetensors read() {
    const json header = read_header();
    if (!header.is_object()) broken("its header is not a JSON object");
    Safetensors content;
    std::uint64_t needed = 0;
    std::uint64_t total = 0;
    for (const auto& item : header.items()) {
      if (item.key() == "__metadata__") {
        read_metadata(item.value(), content);
      } else {
        const Entry stored = entry(item.key(), item.value());
        needed = std::max(needed, stored.end);
        total += stored.end - stored.begin;
      }
    }
    const std::uint64_t held = size_ - data_;
    if (needed > held) {
      broken("it is truncated: " + std::to_string(needed - held) + " bytes are missing");
    }
    if (needed < held) {
      broken(std::to_string(held - needed) + " bytes behind the last tensor belong to none");
    }
    // Else a short file could ask for many times its own size.
    if (total != held) broken("its tensors overlap or leave gaps");
    for (const auto& item : header.items()) {
      if (item.key() != "__metadata__") {
        content.tensors[item.key()] = read_tensor(item.key(), item.value());
      }
    }
    return content;
  }

 private:
  [[noreturn]] void broken(const std::string& what) const {
    throw DataError(path_ + ": not a whole safetensors file: " + what);
  }

  json read_header() {
    std::uint64_t length = 0;
    file_.seekg(0);
    file_.read(reinterpret_cast<char*>(&length), sizeof length);
    if (!file_) broken("it has " + std::to_string(size_) + " bytes, not even the 8 of a length");
    if (length > kLongestHeader || length > size_ - sizeof length) {
      broken("its header claims " + std::to_string(length) + " bytes, the file has " +
             std::to_string(size_));
    }
    std::string text(length, '\0');
    file_.read(text.data(), static_cast<std::streamsize>(length));
    if (!file_) broken("its header cannot be read");
    data_ = sizeof length + length;
    json header = json::parse(text, nullptr, false);
    if (header.is_discarded()) broken("its header is not JSON");
    return header;
  }

  void read_metadata(const json& value, Safetensors& content) const {
    if (!value.is_object()) broken("__metadata__ is not an object");
    for (const auto& entry : value.items()) {
      if (!entry.value().is_string()) broken("__metadata__." + entry.key() + " is not a text");
      content.metadata[entry.key()] = entry.value().get<std::string>();
    }
  }

  struct Entry {
    std::string type;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;  ///< an element
  };

  Entry entry(const std::string& name, const json& value) const {
    const auto whole_numbers = [](const json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& number) {
               return number.is_number_unsigned();
             });
    };
    if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() ||
        !value.contains("shape") || !whole_numbers(value["shape"]) ||
        !value.contains("data_offsets") || !whole_numbers(value["data_offsets"]) ||
        value["data_offsets"].size() != 2) {
      broken("tensor " + name + " lacks a dtype, a shape or two data_offsets");
    }
    Entry read{value["dtype"], value["shape"], value["data_offsets"][0], value["data_offsets"][1]};
    if (read.type == "F64") {
      read.bytes = 8;
    } else if (read.type == "F32") {
      read.bytes = 4;
    } else if (read.type == "F16" || read.type == "BF16") {
      read.bytes = 2;
    } else {
      throw DataError(path_ + ": tensor " + name + " has elements of type " + read.type +
                      "; F64, F32, F16 and BF16 can be read");
    }
    const auto count = elements(read.shape);
    if (!count || read.begin > read.end ||
        (*count != 0 && (read.end - read.begin) / *count != read.bytes) ||
        read.end - read.begin != *count * read.bytes) {
      broken("the bytes of tensor " + name + " do not fit its shape");
    }
    read.count = *count;
    return read;
  }

  Tensor read_tensor(const std::string& name, const json& value) {
    Entry stored = entry(name, value);
    Tensor tensor{std::move(stored.shape), std::vector<double>(stored.count)};
    if (stored.count == 0) return tensor;
    std::vector<char> bytes(stored.end - stored.begin);
    file_.seekg(static_cast<std::streamoff>(data_ + stored.begin));
    file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file_) broken("tensor " + name + " cannot be read");
    if (stored.type == "F64") {
      std::memcpy(tensor.values.data(), bytes.data(), bytes.size());
    } else if (stored.type == "F32") {
      convert<float>(bytes.data(), tensor.values, [](float x) { return static_cast<double>(x); });
    } else if (stored.type == "F16") {
      convert<std::uint16_t>(bytes.data(), tensor.values, from_half);
    } else {
      convert<std::uint16_t>(bytes.data(), tensor.values, from_bfloat);
    }
    return tensor;
  }

  std::string path_;
  std::ifstream file_;
  std::uint64_t size_ = 0;
  std::uint64_t data_ = 0;  ///< where the tensors' bytes begin
};

}  // namespace

void write_safetensors(const std::string& path, const Safetensors& content) {
  json header = json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t offset = 0;
  for (const auto& item : content.tensors) {
    const Tensor& tensor = item.second;
    if (elements(tensor.shape) != tensor.values.size()) {
      throw UsageError("tensor " + item.first + ": its values do not fill its shape");
    }
    const std::uint64_t end = offset + tensor.values.size() * sizeof(double);
    header[item.first] = {
        {"dtype", "F64"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  // The tensors begin at a multiple of 8, so that a reader may map them.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();

  AtomicFile file(path, "file");
  file.write(&length, sizeof length);
  file.write(text);
  for (const auto& item : content.tensors) {
    file.write(item.second.values.data(), item.second.values.size() * sizeof(double));
  }
  file.commit();
}

Safetensors read_safetensors(const std::string& path) { return Reader(path).read(); }

}  // namespace esscher
