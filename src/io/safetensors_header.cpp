#include "io/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie");

/// The format's own limit, which keeps a hostile length from being parsed.
constexpr std::uint64_t kLongestHeader = 100'000'000;

std::optional<ElementType> element_type(std::string_view type) {
  constexpr std::pair<std::string_view, ElementType> kTypes[] = {
      {"F64", ElementType::f64},     {"F32", ElementType::f32}, {"F16", ElementType::f16},
      {"BF16", ElementType::bf16},   {"I8", ElementType::i8},   {"I16", ElementType::i16},
      {"I32", ElementType::i32},     {"I64", ElementType::i64}, {"U8", ElementType::u8},
      {"U16", ElementType::u16},     {"U32", ElementType::u32}, {"U64", ElementType::u64},
      {"BOOL", ElementType::boolean}};
  for (const auto& known : kTypes) {
    if (known.first == type) return known.second;
  }
  return {};
}

class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> file, const std::string& name)
      : file_(file), name_(name) {}

  SafetensorsHeader read() {
    const json text = parse();
    if (!text.is_object()) broken("its header is not a JSON object");
    SafetensorsHeader header;
    std::uint64_t needed = 0;
    std::uint64_t total = 0;
    for (const auto& item : text.items()) {
      if (item.key() == "__metadata__") {
        read_metadata(item.value(), header);
        continue;
      }
      SafetensorsEntry read = entry(shown(item.key()), item.value());
      needed = std::max(needed, read.end);
      // Cannot wrap unnoticed: no sum of fewer than 2^27 entries, each within the file, does.
      if (read.end <= held()) total += read.end - read.begin;
      read.begin += data_;
      read.end += data_;
      header.tensors.emplace(item.key(), std::move(read));
    }
    if (needed > held()) {
      broken("it is truncated: " + std::to_string(needed - held()) + " bytes are missing");
    }
    if (needed < held()) {
      broken(std::to_string(held() - needed) + " bytes behind the last tensor belong to none");
    }
    // Else a short file could ask for many times its own size.
    if (total != held()) broken("its tensors overlap or leave gaps");
    return header;
  }

 private:
  [[noreturn]] void broken(const std::string& what) const {
    throw DataError(name_ + ": not a whole safetensors file: " + what + "; write or copy it again");
  }

  std::uint64_t held() const { return file_.size() - data_; }

  json parse() {
    std::uint64_t length = 0;
    if (file_.size() < sizeof length) {
      broken("it has " + std::to_string(file_.size()) + " bytes, not even the 8 of a length");
    }
    std::memcpy(&length, file_.data(), sizeof length);
    if (length > kLongestHeader || length > file_.size() - sizeof length) {
      broken("its header claims " + std::to_string(length) + " bytes, the file has " +
             std::to_string(file_.size()));
    }
    const char* begin = reinterpret_cast<const char*>(file_.data()) + sizeof length;
    data_ = sizeof length + length;
    json header = json::parse(begin, begin + length, nullptr, false);
    if (header.is_discarded()) broken("its header is not JSON");
    return header;
  }

  void read_metadata(const json& value, SafetensorsHeader& header) const {
    if (!value.is_object()) broken("__metadata__ is not an object");
    for (const auto& item : value.items()) {
      if (!item.value().is_string()) {
        broken("__metadata__." + shown(item.key()) + " is not a text");
      }
      header.metadata[item.key()] = item.value().get<std::string>();
    }
  }

  SafetensorsEntry entry(const std::string& label, const json& value) const {
    const auto whole_numbers = [](const json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& number) {
               return number.is_number_unsigned();
             });
    };
    if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() ||
        !value.contains("shape") || !whole_numbers(value["shape"]) ||
        !value.contains("data_offsets") || !whole_numbers(value["data_offsets"]) ||
        value["data_offsets"].size() != 2) {
      broken("tensor " + label + " lacks a dtype, a shape or two data_offsets");
    }
    SafetensorsEntry read;
    read.type = value["dtype"].get<std::string>();
    read.element = element_type(read.type);
    read.shape = value["shape"].get<std::vector<std::uint64_t>>();
    read.begin = value["data_offsets"][0].get<std::uint64_t>();
    read.end = value["data_offsets"][1].get<std::uint64_t>();
    const auto count = element_count(read.shape);
    const std::uint64_t bytes = read.element ? bytes_of(*read.element) : 0;
    std::uint64_t filled = 0;
    if (!count || read.begin > read.end ||
        (read.element &&
         (__builtin_mul_overflow(*count, bytes, &filled) || read.end - read.begin != filled))) {
      broken("the bytes of tensor " + label + " do not fit its shape");
    }
    return read;
  }

  std::span<const std::byte> file_;
  const std::string& name_;
  std::uint64_t data_ = 0;  ///< where the tensors' bytes begin
};

}  // namespace

std::optional<std::uint64_t> element_count(const std::vector<std::uint64_t>& shape) {
  if (std::ranges::find(shape, std::uint64_t{0}) != shape.end()) return 0;
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return {};
  }
  return count;
}

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& name) {
  return HeaderReader(file, name).read();
}

}  // namespace esscher::internal
