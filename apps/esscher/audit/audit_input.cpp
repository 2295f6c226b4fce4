#include "audit_input.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/reference_file.h"
#include "common/table_settings.h"
#include "common/text.h"
#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/column_selection.h"
#include "esscher/data/dataset.h"
#include "esscher/io/npz.h"

namespace esscher::app {
namespace {

/// All features, by column.
std::vector<NamedScores> columns(const Dataset& dataset) {
  const std::size_t width = dataset.feature_names.size();
  const std::uint64_t rows = dataset.features->rows();
  std::vector<NamedScores> scores(width);
  for (std::size_t j = 0; j < width; ++j) {
    scores[j].name = dataset.feature_names[j];
    scores[j].values.resize(rows);
  }
  constexpr std::uint64_t kRows = 4096;
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t begin = 0; begin < rows; begin += kRows) {
    numbers.resize(std::min(kRows, rows - begin));
    std::iota(numbers.begin(), numbers.end(), begin);
    Matrix<double> block(numbers.size(), width);
    dataset.features->gather(numbers, block.view());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      for (std::size_t j = 0; j < width; ++j) scores[j].values[begin + i] = block(i, j);
    }
  }
  return scores;
}

DatasetOptions options_of(const Settings& settings, const std::string& data) {
  DatasetOptions options;
  options.data = data;
  options.format = read_table_format(settings.table());
  options.features_field = "--proxy";
  options.features = settings["proxy"];
  if (!settings["log-ratio"].empty()) {
    options.features += (options.features.empty() ? "" : ",") + settings["log-ratio"];
  }
  options.group = settings["group"];
  options.advises_impute = false;
  return options;
}

/// Of each of \p scores the column of that name.
std::vector<NamedScores> same_columns(const std::vector<NamedScores>& scores,
                                      const std::vector<NamedScores>& more) {
  std::vector<NamedScores> found;
  for (const NamedScores& each : scores) {
    const auto column = std::ranges::find(more, each.name, &NamedScores::name);
    if (column == more.end()) {
      throw DataError("it has no column " + in_quotes(each.name) +
                      " of numbers; its scores must be those of DATA");
    }
    found.push_back(*column);
  }
  return found;
}

/// A pattern that chooses them, and hardly any others: a comma in a name is any letter.
std::string pattern_of(const std::vector<std::string>& names) {
  std::string pattern;
  for (std::string name : names) {
    std::ranges::replace(name, ',', '?');
    pattern += (pattern.empty() ? "" : ",") + name;
  }
  return pattern;
}

/// Rows of --reference behind those of DATA: candidates of one group may come from both.
void add_reference(AuditInput& input, const Dataset& data, const Settings& settings) {
  DatasetOptions options = options_of(settings, settings["reference"]);
  options.least_rows = 1;
  options.cluster = settings["cluster"];
  options.weight = settings["reference-weight"];
  options.weight_field = "--reference-weight";
  // What a glob means is what it meant in DATA.
  options.features = pattern_of(data.feature_names);
  in_reference(options.data, [&] {
    const Dataset reference = load_dataset(options);
    const std::vector<NamedScores> scores = columns(reference);
    AuditTable rows;
    rows.proxies = same_columns(input.table.proxies, scores);
    rows.log_ratios = same_columns(input.table.log_ratios, scores);
    rows.log_weights = reference.log_weights;
    rows.groups = groups_beside(data, reference, input.groups);
    rows.clusters = clusters_beside(data, reference);
    rows.source_rows = reference.source_rows;
    append_reference(input.table, rows);
    input.reference_rows = reference.source_rows.size();
    for (const std::string& remark : reference.remarks) {
      input.remarks.push_back("Reference: " + remark);
    }
  });
}

/// \throws UsageError where DATA is an archive of arrays without that of scores
void require_scores(const std::string& data) {
  if (!data.ends_with(".npz")) return;
  const std::vector<std::string> keys = npz_keys(data);
  const std::string& wanted = DatasetOptions{}.embeddings_key;
  if (std::ranges::find(keys, wanted) != keys.end()) return;
  throw UsageError(rejection("DATA", in_quotes(data),
                             "scores are the columns x0, x1, ... of an array named '" + wanted +
                                 "', and it has " + list_in_quotes(keys),
                             "put them there by numpy.stack([judge, model], -1), or into a table "
                             "of text"));
}

}  // namespace

std::vector<Setting> audit_data_settings() {
  return joined(
      joined(
          {
              {"table", "FILE", "",
               "text table whose rows lie beside those of DATA, in the same order"},
              {"proxy", "LIST", "",
               "scores to audit: columns of DATA, by names, globs (judge*) and ranges "
               "(first:last), which leave out what other options name"},
              {"gold", "NAME", "",
               "the true reward: a column of DATA, missing where it is not known; rows that have "
               "one must be a random draw from all; with --group, groups that have two or more a "
               "random draw of groups"},
              {"infeasible", "VALUE", "",
               "gold rewards of this value (=-inf, or a number such as -999) count as the lowest "
               "of the others"},
              {"log-ratio", "LIST", "",
               "log pi/pi_0 of trained policies, as columns likewise: what each is worth"},
              {"group", "NAME", "", "whose candidates compete (a prompt): a column"},
              {"cluster", "NAME", "",
               "what stands and falls together without competing (a family, an annotator): errors "
               "are over clusters: a column"},
              {"weight", "NAME", "", "prior importance of the rows, not negative: a column"},
              {"exclude", "LIST", "", "rows of DATA to drop: column=value, ..."},
          },
          reference_settings("the same columns of scores and groups, and no gold rewards")),
      format_settings());
}

AuditInput read_audit(const Settings& settings, const std::string& data) {
  if (settings["proxy"].empty() && settings["log-ratio"].empty()) {
    throw UsageError("--proxy: missing; name the columns of scores, for example --proxy judge");
  }
  if (settings["gold"].empty()) {
    throw UsageError("--gold: missing; name the column of the true reward, for example --gold y");
  }
  check_reference(settings, data);
  require_scores(data);
  DatasetOptions options = options_of(settings, data);
  options.table = settings["table"];
  options.reward = settings["gold"];
  options.reward_field = "--gold";
  options.keep_without_reward = true;
  options.infeasible = settings["infeasible"];
  options.cluster = settings["cluster"];
  options.weight = settings["weight"];
  if (!settings["exclude"].empty()) options.exclude = read_exclusions(settings["exclude"]);
  const Dataset dataset = load_dataset(options);

  AuditInput input;
  AuditTable& table = input.table;
  // Of all columns, since ranges and exclusions may name those that are no scores.
  const auto chosen = [&](const char* field) {
    const std::string& list = settings[std::string_view(field).substr(2)];
    std::vector<std::size_t> scores;
    if (list.empty()) return scores;
    for (const std::size_t i : select_columns(list, dataset.column_names, field)) {
      const auto found = std::ranges::find(dataset.feature_names, dataset.column_names[i]);
      if (found == dataset.feature_names.end()) continue;
      scores.push_back(static_cast<std::size_t>(found - dataset.feature_names.begin()));
    }
    return scores;
  };
  std::vector<NamedScores> scores = columns(dataset);
  const std::vector<std::size_t> ratios = chosen("--log-ratio");
  const std::vector<std::string> named = split_at_commas(settings["proxy"]);
  for (const std::size_t i : chosen("--proxy")) {
    if (std::ranges::find(ratios, i) != ratios.end()) {
      // A glob that came by it does not mean it.
      if (std::ranges::find(named, scores[i].name) == named.end()) continue;
      throw UsageError(rejection("--proxy", in_quotes(scores[i].name), "is a --log-ratio, too",
                                 "leave it out of one of them"));
    }
    table.proxies.push_back(std::move(scores[i]));
  }
  if (table.proxies.empty() && !settings["proxy"].empty()) {
    throw UsageError(rejection("--proxy", shown(settings["proxy"]),
                               "all its columns are log-ratios, too", "name others"));
  }
  for (const std::size_t i : ratios) table.log_ratios.push_back(std::move(scores[i]));
  table.gold = dataset.rewards;
  table.groups = dataset.groups;
  table.clusters = dataset.clusters;
  table.log_weights = dataset.log_weights;
  table.source_rows = dataset.source_rows;
  input.groups = dataset.group_names.size();
  input.remarks = dataset.remarks;
  if (!settings["reference"].empty()) add_reference(input, dataset, settings);
  return input;
}

}  // namespace esscher::app
