#include "esscher/data/column_selection.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher {
namespace {

/// Finds what single parts of one pattern mean.
class Selector {
 public:
  Selector(std::string_view pattern, const std::vector<std::string>& names, std::string_view field)
      : pattern_(pattern), names_(names), field_(field) {
    for (std::size_t i = 0; i < names.size(); ++i) position_.emplace(names[i], i);
  }

  bool excludes(std::string_view part) const { return part.starts_with('!') && !find(part); }

  /// Sets marks[i] = value for the columns that \p part means.
  void mark(std::string_view part, std::vector<char>& marks, char value) const {
    const auto [first, last] = range(part);
    if (first != last) {
      std::fill(marks.begin() + static_cast<std::ptrdiff_t>(first),
                marks.begin() + static_cast<std::ptrdiff_t>(last), value);
      return;
    }
    const bool glob = part.find_first_of("*?") != std::string_view::npos;
    bool any = false;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool fits = glob ? internal::fits_glob(part, names_[i])
                             : internal::is_number_of_list(names_[i], part);
      if (!fits) continue;
      marks[i] = value;
      any = true;
    }
    if (!any && !glob) refuse_name(part);
    if (!any) refuse("no column's name fits " + in_quotes(part), "they are " + known());
  }

  [[noreturn]] void refuse(const std::string& constraint, const std::string& remedy) const {
    throw UsageError(rejection(field_, shown(pattern_), constraint, remedy));
  }

 private:
  std::optional<std::size_t> find(std::string_view name) const {
    const auto found = position_.find(name);
    if (found == position_.end()) return {};
    return found->second;
  }

  /// [first, last) for a name or a range, an empty one for anything else.
  std::pair<std::size_t, std::size_t> range(std::string_view part) const {
    if (part.empty()) refuse("a part of the list is empty", "remove the comma");
    if (const auto single = find(part)) return {*single, *single + 1};
    // Names may hold colons themselves, so every colon may be the range's.
    for (std::size_t at = part.find(':'); at != std::string_view::npos;
         at = part.find(':', at + 1)) {
      const auto first = find(part.substr(0, at));
      const auto last = find(part.substr(at + 1));
      if (!first || !last) continue;
      if (*first <= *last) return {*first, *last + 1};
      refuse("the range " + in_quotes(part) + " runs backwards",
             "write " + in_quotes(names_[*last] + ":" + names_[*first]));
    }
    const std::size_t colon = part.find(':');
    if (colon != std::string_view::npos && part.find_first_of("*?") == std::string_view::npos) {
      refuse_name(find(part.substr(0, colon)) ? part.substr(colon + 1) : part.substr(0, colon));
    }
    return {0, 0};
  }

  [[noreturn]] void refuse_name(std::string_view name) const {
    const std::string nearest = nearest_name(name, names_);
    refuse("no column is named " + in_quotes(name),
           nearest.empty() ? "they are " + known() : "did you mean " + in_quotes(nearest) + "?");
  }

  std::string known() const { return list_in_quotes(names_); }

  std::string_view pattern_;
  const std::vector<std::string>& names_;
  std::string_view field_;
  std::unordered_map<std::string_view, std::size_t> position_;
};

}  // namespace

std::vector<std::size_t> select_columns(std::string_view pattern,
                                        const std::vector<std::string>& names,
                                        std::string_view field) {
  const Selector selector(pattern, names, field);
  const std::vector<std::string_view> parts = internal::list_parts(pattern);
  const auto excludes = [&](std::string_view part) { return selector.excludes(part); };
  std::vector<char> marks(names.size(), std::ranges::all_of(parts, excludes) ? 1 : 0);
  for (const std::string_view part : parts) {
    if (!excludes(part)) selector.mark(part, marks, 1);
  }
  for (const std::string_view part : parts) {
    if (excludes(part)) selector.mark(part.substr(1), marks, 0);
  }
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != 0) chosen.push_back(i);
  }
  if (chosen.empty()) selector.refuse("no column is left", "leave out fewer");
  return chosen;
}

bool only_excludes(std::string_view pattern, const std::vector<std::string>& names) {
  const Selector selector(pattern, names, "");
  return std::ranges::all_of(internal::list_parts(pattern),
                             [&](std::string_view part) { return selector.excludes(part); });
}

namespace internal {

bool is_number_of_list(std::string_view name, std::string_view list) {
  if (list.empty() || !name.starts_with(list)) return false;
  const std::string_view place = name.substr(list.size());
  return place.size() > 2 && place.starts_with('[') && place.ends_with(']') &&
         place.find_first_not_of("0123456789", 1) == place.size() - 1;
}

bool fits_glob(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  // Behind the last star: where the glob goes on, and where the text does, were the star longer.
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  const auto letter = [&](std::size_t at) {
    return std::max<std::size_t>(1, code_point_length(text.substr(at)));
  };
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      retry = t;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      t += letter(t);
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star;
      retry += letter(retry);
      t = retry;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

std::vector<std::string_view> list_parts(std::string_view list) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view part = list.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace internal
}  // namespace esscher
