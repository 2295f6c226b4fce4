// Which columns become features: by the options in a fit, by the model's record behind it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "column_advice.h"
#include "dataset_features.h"
#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/column_selection.h"
#include "esscher/data/mutations.h"

namespace esscher::internal {
namespace {

using Kind = EncodedColumn::Kind;

constexpr std::string_view kNone = "none";
constexpr std::string_view kAll = "all";

/// Whether the pattern is that word, and no column's name.
bool is_word(std::string_view pattern, std::string_view word,
             const std::vector<std::string>& names) {
  return pattern == word && std::ranges::find(names, word) == names.end();
}

/// Takes ":sequence" and the like off a part, unless another column of that name makes it a range.
std::optional<TextForm> take_form(std::string_view& part, const std::vector<std::string>& names) {
  constexpr std::array<std::pair<std::string_view, TextForm>, 4> kForms{
      {{"sequence", TextForm::sequence},
       {"category", TextForm::category},
       {"mutations", TextForm::mutations},
       {"vector", TextForm::vector}}};
  for (const auto& [word, form] : kForms) {
    const bool is_suffix = part.size() > word.size() + 1 && part.ends_with(word) &&
                           part[part.size() - word.size() - 1] == ':';
    if (!is_suffix || std::ranges::find(names, part) != names.end()) continue;
    const std::string_view column = part.substr(0, part.size() - word.size() - 1);
    // "sequence:sequence" is no range.
    if (column != word && std::ranges::find(names, word) != names.end()) continue;
    part = column;
    return form;
  }
  return {};
}

SequenceReading sequence_reading(const DatasetOptions& options) {
  SequenceReading reading{.fold_case = options.fold_case};
  if (options.wild_type.empty()) return reading;
  reading.wild_type = read_wild_type(options.wild_type, options.fold_case, "--wild-type");
  reading.first_position = options.first_position;
  return reading;
}

}  // namespace

DatasetFeatures::DatasetFeatures(const DatasetTables& tables, std::optional<MappedArray> array,
                                 std::optional<MappedArray> rejected)
    : tables_(tables), array_(std::move(array)), rejected_(std::move(rejected)) {
  std::unordered_set<std::string> seen;
  if (array_) {
    for (std::size_t i = 0; i < array_->columns(); ++i) {
      candidates_.push_back({"x" + std::to_string(i), {}, i});
      seen.insert(candidates_.back().name);
    }
  }
  for (const TableColumn at : tables_.columns()) {
    if (!seen.contains(tables_.name(at))) candidates_.push_back({tables_.name(at), at, 0});
  }
}

std::vector<std::string> DatasetFeatures::names() const {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates_) names.push_back(candidate.name);
  return names;
}

void DatasetFeatures::choose(const DatasetOptions& options, const DatasetLabels& labels) {
  impute_ = options.impute_mean;
  advises_impute_ = options.advises_impute;
  pattern_ = options.features;
  infeasible_ = !options.infeasible.empty();
  wild_type_ = options.wild_type;
  const SequenceReading reading = sequence_reading(options);
  std::vector<std::optional<Choice>> chosen(candidates_.size());
  if (!options.one_hot.empty()) choose_one_hot(options.one_hot, chosen);
  choose_numeric(options, labels, chosen);
  const auto is_of_mutations = [](const std::optional<Choice>& choice) {
    return choice && choice->form == TextForm::mutations;
  };
  const bool named = std::ranges::any_of(chosen, is_of_mutations);
  tried_ = !reading.wild_type.empty() && !named;
  if (named && reading.wild_type.empty()) {
    throw UsageError(rejection("--one-hot", shown(options.one_hot),
                               "mutations are those of a sequence",
                               "give it by --wild-type SEQUENCE or --wild-type @FILE"));
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) {
      const std::string& name = candidates_[i].name;
      if (candidates_[i].cell && labels.is_reward(*candidates_[i].cell)) {
        throw UsageError(rejection(chosen[i]->one_hot ? "--one-hot" : options.features_field,
                                   shown(chosen[i]->one_hot ? options.one_hot : options.features),
                                   "the reward " + in_quotes(name) + " cannot be a feature",
                                   "leave it out with " + list_word("!" + name)));
      }
      add_column(i, *chosen[i], reading);
    }
    const bool free = !chosen[i] || (by_default_ && !chosen[i]->one_hot && !chosen[i]->form);
    if (tried_ && free && may_hold_mutations(i, options, labels)) {
      columns_.emplace_back().candidate = i;
      columns_.back().tried = true;
      columns_.back().levels = learn_mutations(*candidates_[i].cell, reading, true);
    }
  }
  if (columns_.empty()) {
    throw UsageError(rejection(options.features_field, in_quotes(options.features),
                               "no feature is left",
                               "choose columns of numbers, or expand text by --one-hot"));
  }
}

void DatasetFeatures::add_column(std::size_t candidate, const Choice& choice,
                                 const SequenceReading& reading) {
  Column& column = columns_.emplace_back();
  column.candidate = candidate;
  if (choice.one_hot) {
    column.levels = learn_levels(tables_, *candidates_[candidate].cell, choice.form, reading);
  } else if (choice.form) {
    column.vector = std::make_unique<VectorColumn>(*candidates_[candidate].cell);
  }
}

bool DatasetFeatures::may_hold_mutations(std::size_t i, const DatasetOptions& options,
                                         const DatasetLabels& labels) const {
  const Candidate& candidate = candidates_[i];
  if (!candidate.cell || labels.uses(*candidate.cell)) return false;
  const std::vector<std::string> all = names();
  if (options.features.empty() || !only_excludes(options.features, all)) return true;
  const std::vector<std::size_t> kept = select_columns(options.features, all, "--features");
  return std::ranges::find(kept, i) != kept.end();
}

void DatasetFeatures::choose_one_hot(const std::string& pattern,
                                     std::vector<std::optional<Choice>>& chosen) const {
  const std::vector<std::string> all = names();
  std::string plain;
  for (std::string_view part : list_parts(pattern)) {
    if (part.empty()) {
      throw UsageError(rejection("--one-hot", shown(pattern), "a part of the list is empty",
                                 "remove the comma"));
    }
    const std::string_view whole = part;
    const std::optional<TextForm> form = take_form(part, all);
    plain.append(plain.empty() ? "" : ",").append(part);
    if (!form) continue;
    if (form == TextForm::vector) {
      throw UsageError(rejection("--one-hot", shown(pattern),
                                 "vectors are numbers, which are not expanded",
                                 "write --features " + list_word(std::string(whole))));
    }
    for (const std::size_t i : select_columns(part, all, "--one-hot")) {
      if (chosen[i] && chosen[i]->form != form) {
        throw UsageError(
            rejection("--one-hot", shown(pattern),
                      in_quotes(all[i]) + " can be only one of category, sequence and mutations",
                      "change " + in_quotes(whole)));
      }
      chosen[i] = Choice{true, form};
    }
  }
  std::vector<std::optional<Choice>> result(chosen.size());
  for (const std::size_t i : select_columns(plain, all, "--one-hot")) {
    if (!candidates_[i].cell) {
      throw UsageError(rejection("--one-hot", shown(pattern),
                                 in_quotes(all[i]) + " is a column of an array",
                                 "arrays hold numbers; expand columns of a --table"));
    }
    result[i] = chosen[i] ? chosen[i] : Choice{true};
  }
  chosen = std::move(result);
}

std::string DatasetFeatures::choose_vectors(const std::string& pattern,
                                            std::vector<std::optional<Choice>>& chosen) const {
  const std::vector<std::string> all = names();
  std::string rest;
  bool any = false;
  for (std::string_view part : list_parts(pattern)) {
    const std::string_view whole = part;
    const std::optional<TextForm> form = take_form(part, all);
    // Lists of JSON are columns already.
    const bool is_list = form == TextForm::vector && std::ranges::find(all, part) == all.end() &&
                         std::ranges::any_of(all, [part](const std::string& name) {
                           return is_number_of_list(name, part);
                         });
    if (!form || is_list) {
      any = any || is_list;
      rest.append(rest.empty() ? "" : ",").append(part);
      continue;
    }
    if (form != TextForm::vector) {
      throw UsageError(rejection("--features", shown(pattern), "features are numbers",
                                 "write --one-hot " + list_word(std::string(whole))));
    }
    for (const std::size_t i : select_columns(part, all, "--features")) {
      if (!candidates_[i].cell || (chosen[i] && chosen[i]->one_hot)) {
        throw UsageError(rejection("--features", shown(pattern),
                                   in_quotes(all[i]) + " is no column of text that is free",
                                   "change " + in_quotes(whole)));
      }
      chosen[i] = Choice{false, form};
      any = true;
    }
  }
  return any ? rest : pattern;
}

void DatasetFeatures::choose_numeric(const DatasetOptions& options, const DatasetLabels& labels,
                                     std::vector<std::optional<Choice>>& chosen) {
  const std::vector<std::string> all = names();
  if (is_word(options.features, kNone, all)) return;
  std::string pattern = options.features;
  if (!pattern.empty()) {
    pattern = choose_vectors(pattern, chosen);
    if (pattern.empty()) return;  // vectors alone
  }
  // "all,!z" is all of them but for z.
  bool unscreened = false;
  std::string plain;
  for (const std::string_view part : list_parts(pattern)) {
    if (is_word(part, kAll, all)) {
      unscreened = true;
    } else {
      plain.append(plain.empty() ? "" : ",").append(part);
    }
  }
  if (!unscreened) plain = pattern;
  const bool whole = plain.empty();
  by_default_ = whole || only_excludes(plain, all);
  if (unscreened && !by_default_) {
    throw UsageError(rejection(options.features_field, shown(options.features),
                               "'all' leaves no column to name",
                               "name only those to leave out beside it, as in 'all,!x'"));
  }
  screened_ = by_default_ && !unscreened;
  std::vector<std::size_t> selected;
  if (whole) {
    for (std::size_t i = 0; i < all.size(); ++i) selected.push_back(i);
  } else {
    selected = select_columns(plain, all, options.features_field);
  }
  const std::vector<std::string_view> named = list_parts(plain);
  std::vector<std::size_t> swept;
  for (const std::size_t i : selected) {
    const Candidate& candidate = candidates_[i];
    if (by_default_) {
      // The data's own columns; what only a table beside them has is there for its labels.
      const bool of_data = !candidate.cell || (!array_ && candidate.cell->table == 0 &&
                                               tables_.is_side(*candidate.cell));
      const bool is_label = candidate.cell && labels.uses(*candidate.cell);
      if (!of_data || is_label || chosen[i]) continue;
    } else if (candidate.cell && labels.uses(*candidate.cell) &&
               std::ranges::find(named, all[i]) == named.end()) {
      swept.push_back(i);  // a glob or a range came by it: nobody meant a label
      continue;
    } else if (chosen[i]) {
      throw UsageError(rejection(options.features_field, shown(options.features),
                                 in_quotes(all[i]) + " is expanded by --one-hot already",
                                 "name it in one of the two"));
    }
    chosen[i] = Choice{};
  }
  // Unless it came by nothing else.
  if (std::ranges::any_of(chosen, [](const auto& choice) { return choice.has_value(); })) return;
  for (const std::size_t i : swept) chosen[i] = Choice{};
}

void DatasetFeatures::choose(const DatasetOptions& options, const FeatureEncoding& encoding) {
  recorded_ = &encoding;
  impute_ = !encoding.impute_means.empty();
  std::unordered_map<std::string_view, std::size_t> position;
  for (std::size_t i = 0; i < candidates_.size(); ++i) position.emplace(candidates_[i].name, i);
  const bool beside = options.beside_data;
  const std::string where =
      beside ? "this file"
             : table_name(options.data) +
                   (options.table.empty() ? "" : " with " + table_name(options.table));
  const std::string source = beside ? "DATA has" : "the model was fitted on";
  const std::string remedy = beside ? "; add the column, or leave it out of --features" : "";
  std::size_t from_array = 0;
  for (const EncodedColumn& encoded : encoding.columns) {
    const auto found = position.find(encoded.name);
    if (found == position.end()) {
      const std::string nearest = nearest_name(encoded.name, names());
      std::string text = source;
      text += " feature " + in_quotes(encoded.name) + ", which " + where + " lacks";
      text += nearest.empty() ? "; it has " + list_in_quotes(names()) + remedy
                              : "; is it " + in_quotes(nearest) + "?";
      throw UsageError(text);
    }
    Column column;
    column.candidate = found->second;
    const std::optional<TableColumn> cell = candidates_[found->second].cell;
    if (encoded.kind != Kind::numeric && !cell) {
      std::string text = source;
      text += " the text column " + in_quotes(encoded.name) + ", which " + where +
              " holds as numbers of an array";
      throw UsageError(text);
    }
    if (encoded.kind == Kind::vector) {
      column.vector = std::make_unique<VectorColumn>(*cell, encoded.length);
    } else if (encoded.kind != Kind::numeric) {
      column.levels = known_levels(encoded, *cell);
    }
    if (!cell) ++from_array;
    columns_.push_back(std::move(column));
  }
  if (!array_) return;
  const std::size_t expected = encoding.array_columns > 0 ? encoding.array_columns : from_array;
  if (array_->columns() != expected) {
    throw UsageError(source + " an array of " + std::to_string(expected) + " columns, and " +
                     array_->name() + " has " + std::to_string(array_->columns()) +
                     "; are these the same features?");
  }
}

}  // namespace esscher::internal
