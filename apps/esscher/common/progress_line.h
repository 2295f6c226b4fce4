#pragma once

/// \file
/// Progress on standard error, for those who watch a terminal and for programs that follow a run.

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "esscher/base/callbacks.h"

namespace esscher::app {

/// How a command tells of its progress.
struct ProgressOptions {
  bool quiet = false;
  std::string log = "line";
};

/// --quiet and --log. \param quiet  what --quiet does, in words
void add_progress_options(CLI::App& command, ProgressOptions& options, const std::string& quiet);

/// `line`: one line on a terminal, rewritten in place, with the time that is left. Silent where
/// standard error is none, or where all is to be quiet.
/// `json`: an object a line, whether or not anyone is to be quiet: the stage, how much of it is
/// done, of how much, the seconds since it began and those left, null before any is done. The
/// beginning of a stage is told, and then about one line a second.
class ProgressLine {
 public:
  explicit ProgressLine(const ProgressOptions& options);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  struct Stage {
    std::string name;
    std::uint64_t done = 0;
    std::uint64_t total = 1;
    Clock::time_point began;
    double seconds = 0;       ///< since then
    double seconds_done = 0;  ///< at which `done` last grew

    /// Negative: not known.
    double left() const;
  };

  void enter(const Progress& progress);
  void show_line();
  void show_json(const Stage& stage);

  bool json_;
  bool on_;
  std::vector<Stage> open_;  ///< stages that have begun and not ended, each within the one before
  std::string shown_;
  Clock::time_point due_;
};

}  // namespace esscher::app
