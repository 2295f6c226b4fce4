#pragma once

/// \file
/// Progress on the terminal: one line on standard error, rewritten in place.

#include <string>

#include "esscher/base/callbacks.h"

namespace esscher::app {

class ProgressLine {
 public:
  /// Silent where standard error is no terminal, or \p quiet.
  explicit ProgressLine(bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);

 private:
  bool on_;
  std::string shown_;
};

}  // namespace esscher::app
