#include "interrupt.h"

#include <csignal>

namespace esscher::app {
namespace {

CancellationToken requested;

void on_signal(int signal) {
  requested.request();
  std::signal(signal, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt() {
  requested.reset();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

const CancellationToken& Interrupt::token() const { return requested; }

}  // namespace esscher::app
