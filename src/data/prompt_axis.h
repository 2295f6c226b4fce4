#pragma once

/// \file
/// Arrays whose first axis tells which rows compete: features of shape (prompts, candidates, dim)
/// and labels beside them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/mapped_array.h"

namespace esscher::internal {

struct PromptAxis {
  std::string array;  ///< of the features, for messages
  std::uint64_t prompts = 0;
  std::uint64_t candidates = 0;  ///< of each
};

/// Of an array of three dimensions; none of others.
std::optional<PromptAxis> prompt_axis(const MappedArray& features);

/// The numbers of a label, one a row: those of an array of shape (prompts, candidates) and, where
/// \p of_prompts, of one of shape (prompts,), which all candidates of a prompt share.
/// \param field  of the label, for messages
/// \throws DataError for another shape
std::vector<double> values_by_prompt(const MappedArray& label, const PromptAxis& axis,
                                     bool of_prompts, std::string_view field);

}  // namespace esscher::internal
