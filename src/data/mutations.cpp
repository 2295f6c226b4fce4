#include "esscher/data/mutations.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher {
namespace {

constexpr std::size_t kLongestWildType = 10'000;
constexpr std::size_t kMostDigits = 9;

constexpr std::array<std::pair<std::string_view, char>, 22> kResidues{{
    {"ala", 'A'}, {"arg", 'R'}, {"asn", 'N'}, {"asp", 'D'}, {"cys", 'C'}, {"gln", 'Q'},
    {"glu", 'E'}, {"gly", 'G'}, {"his", 'H'}, {"ile", 'I'}, {"leu", 'L'}, {"lys", 'K'},
    {"met", 'M'}, {"phe", 'F'}, {"pro", 'P'}, {"ser", 'S'}, {"thr", 'T'}, {"trp", 'W'},
    {"tyr", 'Y'}, {"val", 'V'}, {"sec", 'U'}, {"pyl", 'O'},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_ascii_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_separator(char c) { return std::string_view(":;,/ \t").find(c) != std::string_view::npos; }

/// Without HGVS's prefix and what stands around one substitution or all of them.
std::string_view bare(std::string_view token) {
  if (token.starts_with("p.")) token.remove_prefix(2);
  while (token.starts_with('(') || token.starts_with('[')) token.remove_prefix(1);
  while (token.ends_with(')') || token.ends_with(']')) token.remove_suffix(1);
  return token;
}

bool is_wild_type(std::string_view text) {
  const std::string word = lower_case(bare(text));
  return word.empty() || word == "=" || word == "wt" || word == "_wt";
}

[[noreturn]] void refuse_token(std::string_view token, std::string_view what) {
  throw DataError(in_quotes(token) + " " + std::string(what));
}

/// 0 where it is none.
char residue(std::string_view text) {
  if (text.size() == 1 && is_ascii_letter(text[0])) return text[0];
  const std::string name = lower_case(text);
  const auto* const found =
      std::ranges::find(kResidues, std::string_view(name), &decltype(kResidues)::value_type::first);
  return found == kResidues.end() ? '\0' : found->second;
}

Substitution parse_substitution(std::string_view token) {
  const std::string_view text = bare(token);
  const auto* const first = std::ranges::find_if(text, is_digit);
  const auto* const last = std::find_if_not(first, text.end(), is_digit);
  const std::string_view from(text.begin(), first);
  const std::string_view digits(first, last);
  const std::string_view to(last, text.end());
  constexpr std::string_view kNone =
      "is no substitution; write letter, position, letter, as in A24G or p.Ala24Gly";
  if (digits.empty() || digits.size() > kMostDigits) refuse_token(token, kNone);
  const std::string end = lower_case(to);
  if (from == "*" || end == "*" || end == "ter" || end == "stop") {
    refuse_token(token, "is a stop codon, which has no letter; leave the row out by --exclude");
  }
  const auto tells = [&](std::string_view word) {
    return end.find(word) != std::string::npos || lower_case(from) == word;
  };
  if (tells("del") || tells("ins") || tells("dup") || tells("fs") || tells("ext") || end == "-" ||
      from == "-" || end.find('_') != std::string::npos) {
    refuse_token(token,
                 "is a deletion, an insertion or a shift, and sequences have one length; leave the "
                 "row out by --exclude");
  }
  Substitution change{residue(from), 0, to == "=" ? residue(from) : residue(to)};
  if (end == "x" || end == "xaa" || end == "?") {
    refuse_token(token, "is an unknown residue or a stop codon; leave the row out by --exclude");
  }
  if (change.from == 0 || change.to == 0) refuse_token(token, kNone);
  for (const char digit : digits) {
    change.position = 10 * change.position + static_cast<std::int64_t>(digit - '0');
  }
  return change;
}

std::string text_of(const Substitution& change) {
  return change.from + std::to_string(change.position) + change.to;
}

/// Both cases in one text.
bool mixes_cases(std::string_view text) {
  return std::ranges::any_of(text, is_lower) &&
         std::ranges::any_of(text, [](char c) { return is_ascii_letter(c) && !is_lower(c); });
}

std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) throw IoError(path + ": the wild type's file cannot be read");
  return bytes;
}

/// Lines without FASTA's header.
std::string sequence_in(const std::string& bytes, std::string_view shown_value,
                        std::string_view field) {
  std::string sequence;
  std::size_t headers = 0;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    const std::string_view line = std::string_view(bytes).substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with('>')) {
      if (++headers > 1 || !sequence.empty()) {
        throw UsageError(rejection(field, shown_value, "the file has more than one sequence",
                                   "give a file of one, or the sequence itself"));
      }
    } else if (!line.starts_with(';')) {
      sequence += line;
    }
  }
  return sequence;
}

}  // namespace

std::string upper_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

std::vector<Substitution> parse_substitutions(std::string_view text) {
  std::vector<Substitution> changes;
  for (std::size_t begin = 0; begin < text.size();) {
    if (is_separator(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && !is_separator(text[end])) ++end;
    const std::string_view token = text.substr(begin, end - begin);
    begin = end;
    if (is_wild_type(token)) {
      const auto alone = [](char c) { return is_separator(c); };
      const auto outside = static_cast<std::size_t>(std::ranges::count_if(text, alone));
      if (outside + token.size() == text.size()) continue;
      refuse_token(text, "names the wild type beside substitutions; leave it out there");
    }
    changes.push_back(parse_substitution(token));
    for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
      if (changes[i].position == changes.back().position) {
        refuse_token(text, "names position " + std::to_string(changes[i].position) +
                               " twice; once is enough");
      }
    }
  }
  return changes;
}

std::string misfit(const Substitution& change, const SequenceReading& reading) {
  const std::int64_t first = reading.first_position;
  const std::int64_t last = first + std::ssize(reading.wild_type) - 1;
  const std::string says = in_quotes(text_of(change));
  if (change.position < first || change.position > last) {
    return says + " lies outside the wild type, whose positions run from " + std::to_string(first) +
           " to " + std::to_string(last);
  }
  const char there = reading.wild_type[static_cast<std::size_t>(change.position - first)];
  if (change.from != there) {
    return says + " says " + change.from + " at position " + std::to_string(change.position) +
           ", where the wild type has " + there;
  }
  if (is_lower(change.to) != is_lower(there)) {
    return says + " mixes upper and lower case; --fold-case reads both as one letter";
  }
  return "";
}

std::string read_sequence(std::string_view text, const SequenceReading& reading) {
  std::string folded;
  if (reading.fold_case) folded = upper_case(text);
  if (reading.wild_type.empty()) return reading.fold_case ? folded : std::string(text);
  std::string sequence = reading.wild_type;
  for (Substitution change : parse_substitutions(text)) {
    if (reading.fold_case) {
      change.from = upper_case({&change.from, 1})[0];
      change.to = upper_case({&change.to, 1})[0];
    }
    const std::string problem = misfit(change, reading);
    if (!problem.empty()) throw DataError(problem);
    sequence[static_cast<std::size_t>(change.position - reading.first_position)] = change.to;
  }
  return sequence;
}

std::string read_wild_type(const std::string& text, bool fold_case, std::string_view field) {
  const std::string given = shown(text);
  std::string read = text;
  if (text.starts_with('@')) read = sequence_in(file_content(text.substr(1)), given, field);
  std::string sequence;
  for (const char c : read) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) sequence.push_back(c);
  }
  if (sequence.ends_with('*')) sequence.pop_back();
  const auto* const odd = std::ranges::find_if_not(std::string_view(sequence), is_ascii_letter);
  if (odd != std::string_view(sequence).end()) {
    throw UsageError(rejection(field, given, "must be letters, and has " + in_quotes({odd, 1}),
                               text.find('.') == std::string::npos
                                   ? "give the sequence, or @FILE"
                                   : "write @" + given + " for a file"));
  }
  if (sequence.empty()) throw UsageError(rejection(field, given, "holds no sequence"));
  if (sequence.size() > kLongestWildType) {
    throw UsageError(rejection(
        field, given,
        "has " + std::to_string(sequence.size()) + " letters; sequences have at most 10000"));
  }
  if (fold_case) return upper_case(sequence);
  if (mixes_cases(sequence)) {
    throw UsageError(rejection(field, given, "mixes upper and lower case",
                               "--fold-case reads both as one letter"));
  }
  return sequence;
}

std::vector<std::int64_t> fitting_first_positions(std::span<const Substitution> changes,
                                                  std::string_view wild_type) {
  std::vector<std::int64_t> fitting;
  if (changes.empty()) return fitting;
  const auto [least, greatest] = std::ranges::minmax(changes, {}, &Substitution::position);
  for (std::int64_t first = greatest.position - std::ssize(wild_type) + 1; first <= least.position;
       ++first) {
    const auto fits = [&](const Substitution& change) {
      return wild_type[static_cast<std::size_t>(change.position - first)] == change.from;
    };
    if (std::ranges::all_of(changes, fits)) fitting.push_back(first);
  }
  return fitting;
}

}  // namespace esscher
