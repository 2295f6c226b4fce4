#pragma once

/// \file
/// Pages: one HTML file that holds its data, its charts and all that draws them, and loads nothing.

#include <map>
#include <span>
#include <string>

namespace esscher {

struct ReportRecord {
  std::string name;  ///< what messages and comparisons call it: a file or a folder
  std::string json;
};

struct ReportOptions {
  /// What each option means, by its name without dashes: pages say it beside the option's value.
  std::map<std::string, std::string> option_words{};
};

/// The page of one result. \throws DataError as record_kind(), and for an evaluation of pairs
std::string report_page(const ReportRecord& record, const ReportOptions& options = {});

/// Several results of one command over one another, with the options in which they differ.
/// \throws UsageError for fewer than two records or more than six, or records of different
///         commands, DataError as record_kind()
std::string comparison_page(std::span<const ReportRecord> records,
                            const ReportOptions& options = {});

}  // namespace esscher
