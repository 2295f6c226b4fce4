#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/io/safetensors.h"
#include "esscher/pipeline/reward_model.h"

namespace esscher::internal {

Tensor tensor(const Matrix<double>& matrix);
Tensor tensor(std::vector<double> values);

/// One kind of model file: the key that marks it, and the newest and the oldest format that are
/// read. The format is raised when an older esscher could no longer read a file rightly.
struct ModelKind {
  const char* key;
  long long format;
  long long oldest;
  const char* what;  ///< "a reward model", for messages
};

/// What a model file holds, asked for by name; messages name the file.
class ModelFile {
 public:
  /// \throws IoError, and DataError for a file of another kind or of a newer format
  ModelFile(const std::string& path, const ModelKind& kind);

  [[noreturn]] void broken(const std::string& what) const;

  const std::map<std::string, std::string>& facts() const { return content_.metadata; }
  bool holds(const std::string& name) const { return content_.tensors.count(name) != 0; }
  std::string fact(const std::string& key) const;
  Matrix<double> matrix(const std::string& name) const;
  std::vector<double> vector(const std::string& name) const;
  std::vector<double> vector(const std::string& name, std::size_t length) const;
  /// Of those tensors that the file holds.
  void require_finite(std::initializer_list<const char*> names) const;

  FirstLayer first_layer() const;
  /// The heads, whose readouts have \p width entries.
  std::vector<RewardHead> heads(std::size_t width) const;

 private:
  const Tensor& get(const std::string& name, std::size_t dimensions) const;
  void require_format(const ModelKind& kind) const;

  std::string path_;
  const char* what_;
  Safetensors content_;
};

void add_format(Safetensors& content, const ModelKind& kind);
/// What first_layer() reads.
void add_first_layer(Safetensors& content, const FirstLayer& first);
/// What heads() reads.
void add_heads(Safetensors& content, const std::vector<RewardHead>& heads, std::size_t width);
/// Metadata that these write; the rest are facts of the model.
bool is_own_key(const ModelKind& kind, std::string_view key);

std::vector<std::string> split_at_commas(const std::string& text);

}  // namespace esscher::internal
