#include "esscher/io/safetensors.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/atomic_file.h"
#include "io/element_conversion.h"
#include "io/mapped_file.h"
#include "io/safetensors_header.h"
#include "io/unknown_key.h"

namespace esscher {
namespace internal {
namespace {

bool is_float(ElementType type) {
  return type == ElementType::f64 || type == ElementType::f32 || type == ElementType::f16 ||
         type == ElementType::bf16;
}

[[noreturn]] void refuse_type(const std::string& name, const std::string& key,
                              const SafetensorsEntry& entry, const std::string& readable) {
  throw DataError(name + ": tensor " + shown(key) + " has elements of type " + shown(entry.type) +
                  "; " + readable + " can be read");
}

}  // namespace

Safetensors safetensors_of(const ByteStore& store, const std::string& name) {
  SafetensorsHeader header = parse_safetensors_header(store.bytes(), name);
  Safetensors content;
  content.metadata = std::move(header.metadata);
  for (auto& item : header.tensors) {
    SafetensorsEntry& entry = item.second;
    if (!entry.element || !is_float(*entry.element)) {
      refuse_type(name, item.first, entry, "F64, F32, F16 and BF16");
    }
    std::vector<double> values((entry.end - entry.begin) / bytes_of(*entry.element));
    element_conversion(*entry.element, false)(store.bytes().data() + entry.begin, values.size(),
                                              values.data());
    content.tensors[item.first] = {std::move(entry.shape), std::move(values)};
  }
  return content;
}

MappedArray safetensors_array_of(std::shared_ptr<const ByteStore> store, const std::string& name,
                                 const std::string& key, std::string_view field) {
  SafetensorsHeader header = parse_safetensors_header(store->bytes(), name);
  const auto found = header.tensors.find(key);
  if (found == header.tensors.end()) {
    std::vector<std::string> keys;
    for (const auto& item : header.tensors) keys.push_back(item.first);
    refuse_unknown_key(field, key, name, keys);
  }
  SafetensorsEntry& entry = found->second;
  if (!entry.element) {
    refuse_type(name, key, entry, "F64 to F16, BF16, I64 to I8, U64 to U8 and BOOL");
  }
  ArrayLayout layout;
  layout.type = *entry.element;
  layout.shape = std::move(entry.shape);
  return {array_name(name, key), std::move(layout), std::move(store), entry.begin,
          entry.end - entry.begin};
}

}  // namespace internal

void write_safetensors(const std::string& path, const Safetensors& content) {
  nlohmann::json header = nlohmann::json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t offset = 0;
  for (const auto& item : content.tensors) {
    const Tensor& tensor = item.second;
    if (internal::element_count(tensor.shape) != tensor.values.size()) {
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

Safetensors read_safetensors(const std::string& path) {
  return internal::safetensors_of(internal::MappedFile(path), path);
}

MappedArray map_safetensors(const std::string& path, const std::string& key,
                            std::string_view field) {
  return internal::safetensors_array_of(std::make_shared<const internal::MappedFile>(path), path,
                                        key, field);
}

}  // namespace esscher
