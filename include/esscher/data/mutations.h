#pragma once

/// \file
/// Variants written as substitutions of a wild type: "A24G:T30S", "p.(Ala24Gly)".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/data/feature_encoding.h"

namespace esscher {

/// One letter for another.
struct Substitution {
  char from = 0;
  std::int64_t position = 0;  ///< as it is written
  char to = 0;

  friend bool operator==(const Substitution&, const Substitution&) = default;
};

/// The substitutions that a cell names: one-letter ("A24G") or three-letter ("Ala24Gly") codes,
/// with or without HGVS's "p.", parentheses and brackets, apart by ":", ";", ",", "/" or spaces;
/// none for the wild type itself: an empty cell, "=", "WT", "_wt", "p.=". "A24=" stands for A24A.
/// \throws DataError with a clause for a message: text that is no such list, a position named
///         twice, a stop codon, a deletion, an insertion, an unknown residue
std::vector<Substitution> parse_substitutions(std::string_view text);

/// Why \p change does not fit the wild type, a clause without a remedy; empty where it does.
std::string misfit(const Substitution& change, const SequenceReading& reading);

/// The whole sequence that a cell means. \throws DataError with a clause
std::string read_sequence(std::string_view text, const SequenceReading& reading);

/// ASCII letters in upper case.
std::string upper_case(std::string_view text);

/// A wild type as the user gives it: the sequence, or "@FILE" of plain text or FASTA with one
/// sequence; blanks are left out, as is a closing "*". Upper case with \p fold_case.
/// \throws UsageError naming \p field for anything but letters, both cases, or more than 10000;
///         IoError
std::string read_wild_type(const std::string& text, bool fold_case, std::string_view field);

/// All numbers of the wild type's first letter with which every one of these fits.
std::vector<std::int64_t> fitting_first_positions(std::span<const Substitution> changes,
                                                  std::string_view wild_type);

}  // namespace esscher
