#include "prompt_axis.h"

#include <numeric>

#include "esscher/base/error.h"

namespace esscher::internal {

std::optional<PromptAxis> prompt_axis(const MappedArray& features) {
  const std::vector<std::uint64_t>& shape = features.shape();
  if (shape.size() != 3) return {};
  return PromptAxis{features.name(), shape[0], shape[1]};
}

std::vector<double> values_by_prompt(const MappedArray& label, const PromptAxis& axis,
                                     bool of_prompts, std::string_view field) {
  using Shape = std::vector<std::uint64_t>;
  const Shape& shape = label.shape();
  const bool by_candidate = shape == Shape{axis.prompts, axis.candidates} ||
                            shape == Shape{axis.prompts, axis.candidates, 1};
  const bool by_prompt =
      of_prompts && (shape == Shape{axis.prompts} || shape == Shape{axis.prompts, 1});
  if (!by_candidate && !by_prompt) {
    const std::string prompts = std::to_string(axis.prompts);
    const std::string whole = "(" + prompts + ", " + std::to_string(axis.candidates) + ")";
    throw DataError(label.name() + ": " + std::string(field) + " has shape " + label.shape_text() +
                    "; beside " + axis.array +
                    ", whose first axes are prompts and candidates, it "
                    "must have shape " +
                    whole + (of_prompts ? " or (" + prompts + ",)" : "") + "; reshape it");
  }
  Matrix<double> values(label.rows(), label.columns());
  std::vector<std::uint64_t> rows(label.rows());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  label.gather(rows, values.view());
  if (by_candidate) return {values.values().begin(), values.values().end()};
  std::vector<double> repeated;
  repeated.reserve(axis.prompts * axis.candidates);
  for (const double value : values.values())
    repeated.insert(repeated.end(), axis.candidates, value);
  return repeated;
}

}  // namespace esscher::internal
