#include "esscher/report/report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/report/record.h"
#include "report/page.h"
#include "report/words.h"

namespace esscher {
namespace {

using internal::Headline;
using internal::Json;
using internal::Page;
using internal::PageTable;
using internal::Reader;

constexpr std::size_t kMostRecords = 6;

/// The kind of a record that a page can be made of.
RecordKind pictured_kind(const ReportRecord& record) {
  const RecordKind kind = record_kind(record.json, record.name);
  if (kind != RecordKind::pairs) return kind;
  throw DataError(record.name +
                  ": is an evaluation of pairs, which have no reward to draw policies by and no "
                  "page; read report.txt in its folder, or what evaluate prints");
}

Page page_of(RecordKind kind, Reader record) {
  switch (kind) {
    case RecordKind::theory:
      return internal::theory_page(record);
    case RecordKind::simulate:
      return internal::simulation_page(record);
    case RecordKind::fit:
      return internal::fit_page(record);
    case RecordKind::evaluate:
      return internal::evaluation_page(record);
    case RecordKind::audit:
      return internal::audit_page(record);
    case RecordKind::pairs:
      break;
  }
  throw InternalError("a kind of record without a page");
}

Headline headline_of(RecordKind kind, Reader record) {
  switch (kind) {
    case RecordKind::theory:
      return internal::theory_headline(record);
    case RecordKind::simulate:
      return internal::simulation_headline(record);
    case RecordKind::fit:
      return internal::fit_headline(record);
    case RecordKind::evaluate:
      return internal::evaluation_headline(record);
    case RecordKind::audit:
      return internal::audit_headline(record);
    case RecordKind::pairs:
      break;
  }
  throw InternalError("a kind of record without a headline");
}

std::string option_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& entry : value) {
    text += (text.empty() ? "" : ", ") +
            (entry.is_number() ? internal::shown(entry.get<double>(), 4) : option_text(entry));
  }
  return text;
}

PageTable options_table(Reader record, const ReportOptions& options) {
  PageTable table{.title = "Options", .note = "", .head = {"option", "value", "meaning"}};
  if (!record["options"].json().is_object()) return table;
  for (const auto& [name, value] : record["options"].json().items()) {
    const std::string text = option_text(value);
    if (text.empty()) continue;
    const auto words = options.option_words.find(name);
    table.rows.push_back({name, text, words == options.option_words.end() ? "" : words->second});
  }
  return table;
}

PageTable build_table(Reader record) {
  PageTable table{.title = "Computed with", .note = "", .head = {"", ""}};
  // Once named otherwise in evaluations.
  const Reader build = record["esscher"].exists() ? record["esscher"] : record["build"];
  if (build.json().is_object()) {
    for (const auto& [name, value] : build.json().items()) {
      std::string words = name;
      std::ranges::replace(words, '_', ' ');
      table.rows.push_back({words, option_text(value)});
    }
  }
  const Reader seconds = record["seconds"];
  if (seconds.json().is_object()) {
    for (const auto& [name, value] : seconds.json().items()) {
      if (value.is_number() && value.get<double>() > 0) {
        table.rows.push_back({"seconds of " + name, internal::shown(value.get<double>())});
      }
    }
  }
  return table;
}

/// What is told below everything: options, build, and the command that repeats it.
void add_origin(Page& page, Reader record, const ReportOptions& options) {
  for (PageTable& table : std::vector{options_table(record, options), build_table(record)}) {
    if (!table.rows.empty()) page.tables.push_back(std::move(table));
  }
}

/// The command that computes a record again, and what it cannot say by itself; "" for none.
std::string command_html(Reader record) {
  const std::string command = record["command"].text();
  if (command.empty()) return "";
  std::string text =
      "<pre class=\"command\" tabindex=\"0\">" + internal::escaped(command) + "</pre>";
  const Reader options = record["options"];
  if (options["data"].text() == "-" || options["table"].text() == "-") {
    text +=
        "<p class=\"caption\">Its <code>-</code> is standard input, from which the data came: the "
        "command needs them there again.</p>";
  }
  return text;
}

/// The options that are not alike in all records.
PageTable difference_table(std::span<const Reader> records, const std::vector<std::string>& names) {
  PageTable table{.title = "Options that differ", .note = "", .head = {"option"}};
  table.head.insert(table.head.end(), names.begin(), names.end());
  std::vector<std::string> keys;
  for (const Reader& record : records) {
    if (!record["options"].json().is_object()) continue;
    for (const auto& [key, value] : record["options"].json().items()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  for (const std::string& key : keys) {
    std::vector<std::string> row{key};
    for (const Reader& record : records) {
      row.push_back(option_text(record["options"][key].json()));
    }
    const std::set<std::string> distinct(row.begin() + 1, row.end());
    if (distinct.size() > 1) table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) table.note = "None: these runs were asked for the same.";
  return table;
}

/// The shortest names that tell records apart: their last parts, with a number where these agree.
std::vector<std::string> short_names(std::span<const ReportRecord> records) {
  std::vector<std::string> names;
  for (const ReportRecord& record : records) {
    std::string name = record.name;
    while (name.size() > 1 && name.ends_with('/')) name.pop_back();
    if (name.ends_with("/result.json")) name.resize(name.size() - 12);
    name = name.substr(name.rfind('/') + 1);
    if (std::ranges::find(names, name) != names.end()) {
      name += " (" + std::to_string(names.size() + 1) + ")";
    }
    names.push_back(name);
  }
  return names;
}

/// What each record's headline says, in rows.
PageTable facts_table(const std::vector<Headline>& headlines,
                      const std::vector<std::string>& names) {
  PageTable table{.title = "In numbers", .note = "", .head = {""}};
  table.head.insert(table.head.end(), names.begin(), names.end());
  const auto fullest = std::ranges::max_element(
      headlines, {}, [](const Headline& headline) { return headline.facts.size(); });
  for (const auto& [fact, unused] : fullest->facts) {
    std::vector<std::string> row{fact};
    for (const Headline& headline : headlines) {
      const auto found =
          std::ranges::find(headline.facts, fact, &std::pair<std::string, std::string>::first);
      row.push_back(found == headline.facts.end() ? "\u2013" : found->second);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// The greatest value of a series that can be relied on, with its interval.
struct Best {
  std::string name;
  double value = 0;
  double low = 0;
  double high = 0;
};

std::optional<Best> best_of(const internal::Headline& headline) {
  std::optional<Best> best;
  const ChartSeries& series = headline.series;
  for (std::size_t i = 0; i < series.y.size(); ++i) {
    if (!std::isfinite(series.y[i]) || (!series.doubtful.empty() && series.doubtful[i])) continue;
    if (best && series.y[i] <= best->value) continue;
    const bool exact = series.low.empty();
    best = {series.name, series.y[i], exact ? series.y[i] : series.low[i],
            exact ? series.y[i] : series.high[i]};
  }
  return best;
}

/// Who comes out best, where intervals can tell.
std::string comparison_title(const std::vector<internal::Headline>& headlines) {
  std::vector<Best> all;
  for (const internal::Headline& headline : headlines) {
    if (const auto best = best_of(headline)) all.push_back(*best);
  }
  std::ranges::sort(all, std::ranges::greater{}, &Best::value);
  if (all.size() < 2) return "Fewer than two runs have a value that can be relied on";
  const std::string value = internal::shown(all[0].value);
  const auto rival = std::max_element(all.begin() + 1, all.end(),
                                      [](const Best& a, const Best& b) { return a.high < b.high; });
  const std::string other = rival->name + " " + internal::shown(rival->value);
  // Intervals are of one run: another seed moves the last digits of exact values, too.
  const bool alike = internal::shown(all[0].value, 2) == internal::shown(rival->value, 2);
  if (alike || all[0].low <= rival->high) {
    return "No clear difference at the best: " + all[0].name + " reaches " + value + ", " + other;
  }
  return "Where points can be relied on, " + all[0].name + " reaches " + value + ", " + other;
}

}  // namespace

std::string report_page(const ReportRecord& record, const ReportOptions& options) {
  const RecordKind kind = pictured_kind(record);
  const Json parsed = Json::parse(record.json);
  const Reader reader(parsed);
  Page page = page_of(kind, reader);
  add_origin(page, reader, options);
  std::string foot = command_html(reader);
  if (!foot.empty()) foot.insert(0, "<h2>To repeat it</h2>");
  return internal::html(page, foot, record.json);
}

std::string comparison_page(std::span<const ReportRecord> records, const ReportOptions&) {
  if (records.size() < 2 || records.size() > kMostRecords) {
    throw UsageError(rejection("results", std::to_string(records.size()),
                               "must be two to six, so that they can be told apart"));
  }
  const RecordKind kind = pictured_kind(records.front());
  std::vector<Json> parsed;
  for (const ReportRecord& record : records) {
    const RecordKind other = record_kind(record.json, record.name);
    if (other != kind) {
      throw UsageError(
          rejection(record.name, record_kind_name(other),
                    "cannot be laid over a result of " + std::string(record_kind_name(kind)),
                    "compare results of one command"));
    }
    parsed.push_back(Json::parse(record.json));
  }
  const std::vector<std::string> names = short_names(records);
  std::vector<Reader> readers;
  std::vector<Headline> headlines;
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    readers.emplace_back(parsed[i]);
    headlines.push_back(headline_of(kind, readers.back()));
    headlines.back().series.name = names[i];
  }
  Page page;
  page.title = "What differs between these runs?";
  page.question = page.title;
  Chart chart = headlines.front().chart;
  for (const Headline& headline : headlines) chart.series.push_back(headline.series);
  chart.title = comparison_title(headlines);
  const PageTable differences = difference_table(readers, names);
  page.answer =
      std::to_string(records.size()) + " runs of esscher " + std::string(record_kind_name(kind)) +
      "; " +
      (differences.rows.empty() ? std::string("all options agree")
                                : counted(differences.rows.size(), "option") +
                                      (differences.rows.size() == 1 ? " differs" : " differ")) +
      ".";
  internal::add_chart(page, chart, "None of these runs has a curve to draw.");
  page.tables = {facts_table(headlines, names), differences};
  std::string foot = "<h2>To repeat them</h2>";
  bool any = false;
  Json all = Json::object();
  for (std::size_t i = 0; i < readers.size(); ++i) {
    const std::string command = command_html(readers[i]);
    foot += command;
    any = any || !command.empty();
    all[names[i]] = parsed[i];
  }
  return internal::html(page, any ? foot : "",
                        all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace esscher
