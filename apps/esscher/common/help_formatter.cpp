#include "help_formatter.h"

#include <sstream>

#include "text.h"

namespace esscher::app {
namespace {

constexpr std::size_t kNameWidth = 26;

}  // namespace

HelpFormatter::HelpFormatter() { column_width(kNameWidth); }

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrapped(option->get_description(), kPageWidth - kNameWidth);
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrapped(app->get_description(), kPageWidth) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  std::stringstream out;
  CLI::detail::format_help(out, sub->get_name(),
                           wrapped(sub->get_description(), kPageWidth - kNameWidth), kNameWidth);
  return out.str();
}

}  // namespace esscher::app
