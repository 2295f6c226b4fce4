#pragma once

/// \file
/// Results as records: the JSON that the program writes and pages are made of (docs/schemas).

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace esscher {

/// How a result came about, which its record tells, and in whose words.
struct RunRecord {
  std::string command;  ///< that computes it again
  /// By name, in the order of the record; pages leave out those of no text.
  std::vector<std::pair<std::string, std::string>> options{};
  /// What becomes of each sentence (verdicts, remarks, reasons): those of the library call options
  /// as the program does. None: they stay.
  std::function<std::string(std::string_view)> words{};
  /// For callers that go by the record: estimates also have "low" and "high", the ends of their 95
  /// % interval (Student's where there are no replicates), and each advice has "labels_to_halve".
  bool detailed = false;
};

}  // namespace esscher
