#pragma once

/// \file
/// Ctrl-C as a request to stop: work ends at the next step and what is done so far is written.

#include "esscher/base/callbacks.h"

namespace esscher::app {

/// While it lives, the first SIGINT or SIGTERM requests the token; a second one ends the program at
/// once, as it would without this.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  const CancellationToken& token() const;
};

}  // namespace esscher::app
