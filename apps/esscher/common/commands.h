#pragma once

/// \file
/// The subcommands. Each defines its options once, on the CLI11 object: parsing, --help and the
/// manual all read them there.

#include <CLI/CLI.hpp>
#include <stdexcept>

namespace esscher::app {

/// Thrown by a command that a signal stopped, saying what was kept: exit code 130.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(const std::string& kept) : std::runtime_error("interrupted; " + kept) {}
};

void add_simulate_command(CLI::App& program);
void add_sample_command(CLI::App& program);
void add_fit_command(CLI::App& program);
void add_evaluate_command(CLI::App& program);
void add_audit_command(CLI::App& program);
void add_predict_command(CLI::App& program);
void add_resample_command(CLI::App& program);
void add_theory_command(CLI::App& program);
void add_links_command(CLI::App& program);
void add_report_command(CLI::App& program);
void add_compare_command(CLI::App& program);
void add_manual_command(CLI::App& program);

}  // namespace esscher::app
