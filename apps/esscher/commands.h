#pragma once

/// \file
/// The subcommands. Each defines its options once, on the CLI11 object: parsing, --help and the
/// manual all read them there.

#include <CLI/CLI.hpp>

namespace esscher::app {

void add_theory_command(CLI::App& program);
void add_links_command(CLI::App& program);
void add_manual_command(CLI::App& program);

}  // namespace esscher::app
