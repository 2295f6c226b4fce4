#include "progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

namespace esscher::app {
namespace {

/// "42 s", "3:05" of minutes, "2:03:05" of hours.
std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// Milliseconds are enough for whoever reads.
double rounded_seconds(double seconds) { return std::round(seconds * 1e3) / 1e3; }

}  // namespace

void add_progress_options(CLI::App& command, ProgressOptions& options, const std::string& quiet) {
  command.add_flag("--quiet", options.quiet, quiet);
  command
      .add_option("--log", options.log,
                  "progress on standard error: line, rewritten in place, on terminals only; or "
                  "json, an object a line with stage, done, total, elapsed_s and left_s, also with "
                  "--quiet")
      ->type_name("FORM")
      ->check(CLI::IsMember({"line", "json"}))
      ->capture_default_str();
}

double ProgressLine::Stage::left() const {
  if (done == 0) return -1;
  // Work that has begun since and is not yet counted takes its time off what is left.
  const double then = seconds_done * static_cast<double>(total - done) / static_cast<double>(done);
  return std::max(0.0, then - (seconds - seconds_done));
}

ProgressLine::ProgressLine(const ProgressOptions& options)
    : json_(options.log == "json"), on_(json_ || (!options.quiet && isatty(STDERR_FILENO) != 0)) {}

ProgressLine::~ProgressLine() {
  if (!shown_.empty() && !json_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::enter(const Progress& progress) {
  // What had begun behind it has ended by now.
  const auto known = std::ranges::find(open_, progress.stage, &Stage::name);
  if (known != open_.end()) open_.erase(std::next(known), open_.end());
  if (known == open_.end() || progress.done == 0) {
    if (known != open_.end()) open_.pop_back();
    open_.push_back({std::string(progress.stage), 0, 1, Clock::now()});
  }
  Stage& stage = open_.back();
  const std::uint64_t before = stage.done;
  stage.done = std::min(progress.done, progress.total);
  stage.total = progress.total;
  const auto now = Clock::now();
  for (Stage& each : open_) {
    each.seconds = std::chrono::duration<double>(now - each.began).count();
  }
  if (stage.done > before) stage.seconds_done = stage.seconds;
}

void ProgressLine::show(const Progress& progress) {
  if (!on_) return;
  enter(progress);
  if (json_) {
    show_json(open_.back());
  } else {
    show_line();
  }
  if (progress.done >= progress.total) open_.pop_back();
}

void ProgressLine::show_line() {
  std::string line;
  for (const Stage& stage : open_) {
    line += fmt::format("{}{} {:.0f} %", line.empty() ? "" : "; ", stage.name,
                        100 * static_cast<double>(stage.done) / static_cast<double>(stage.total));
    // Of what is over in a moment, nothing can be told that would still be true when it is read.
    if (stage.seconds >= 1 && stage.left() >= 1) line += ", " + clock_text(stage.left()) + " left";
  }
  if (line == shown_) return;
  std::fputs(("\r\x1b[K" + line).c_str(), stderr);
  std::fflush(stderr);
  shown_ = line;
}

void ProgressLine::show_json(const Stage& stage) {
  const auto now = Clock::now();
  if (stage.name == shown_ && now < due_) return;
  const double left = stage.left();
  const nlohmann::ordered_json json{
      {"stage", stage.name},
      {"done", stage.done},
      {"total", stage.total},
      {"elapsed_s", rounded_seconds(stage.seconds)},
      {"left_s",
       left < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(rounded_seconds(left))}};
  std::fputs((json.dump() + "\n").c_str(), stderr);
  std::fflush(stderr);
  shown_ = stage.name;
  due_ = now + std::chrono::seconds(1);
}

}  // namespace esscher::app
