#include "progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace esscher::app {

ProgressLine::ProgressLine(bool quiet) : on_(!quiet && isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
  if (!shown_.empty()) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(const Progress& progress) {
  if (!on_) return;
  const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
  const std::string line = fmt::format("{} {:.0f} %", progress.stage, 100 * share);
  if (line == shown_) return;
  std::fputs(("\r\x1b[K" + line).c_str(), stderr);
  std::fflush(stderr);
  shown_ = line;
}

}  // namespace esscher::app
