#pragma once

/// \file
/// --help within the width of a terminal.

#include <CLI/CLI.hpp>
#include <string>

namespace esscher::app {

/// CLI11's own layout, its descriptions wrapped.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* sub) const override;
};

}  // namespace esscher::app
