#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "esscher/base/build_info.h"

namespace esscher::app {
namespace {

struct ManualArguments {
  std::string format = "markdown";
  std::string output;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string option_head(const CLI::Option& option) {
  std::string head = option.get_name(false, true);
  const std::string type = option.get_type_name();
  if (!type.empty() && option.get_items_expected() > 0) head += " " + type;
  return head;
}

std::string default_text(const CLI::Option& option) {
  const std::string value = option.get_default_str();
  return value.empty() ? "" : " Default: " + value + ".";
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : command.get_options()) options.push_back(option);
  return options;
}

/// Text as markdown takes it: stars and angle brackets mean something there.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '*' || c == '<') result += '\\';
    result += c;
  }
  return result;
}

std::string markdown(const CLI::App& program) {
  std::string text = "# The esscher program\n\nMade by `esscher manual`; do not edit.\n\n" +
                     program.get_description() + ".\n";
  const auto add = [&](const CLI::App& command) {
    for (const CLI::Option* option : options_of(command)) {
      text += "- `" + option_head(*option) + "`: " + escaped(option->get_description()) + "." +
              default_text(*option) + "\n";
    }
    text += "\n";
    for (const std::string& line : lines_of(command.get_footer())) {
      text += line.starts_with("Example: ") ? "    " + line.substr(9) + "\n" : line + "\n\n";
    }
  };
  text += "\n";
  add(program);
  for (const CLI::App* command : program.get_subcommands({})) {
    text += "\n## esscher " + command->get_name() + "\n\n" + command->get_description() + ".\n\n";
    add(*command);
  }
  return text;
}

/// Text as roff takes it: backslashes and leading dots and quotes mean something there.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" + escaped : escaped;
}

std::string man_page(const CLI::App& program) {
  std::string text = ".TH ESSCHER 1 \"\" \"esscher " + roff(build_info().version) +
                     "\" \"User commands\"\n.SH NAME\nesscher \\- " +
                     roff(program.get_description()) +
                     "\n.SH SYNOPSIS\n.B esscher\n.I command\n[options]\n";
  const auto add = [&](const CLI::App& command) {
    for (const CLI::Option* option : options_of(command)) {
      text += ".TP\n.B " + roff(option_head(*option)) + "\n" + roff(option->get_description()) +
              "." + roff(default_text(*option)) + "\n";
    }
    text += ".PP\n";
    for (const std::string& line : lines_of(command.get_footer())) {
      text += line.starts_with("Example: ") ? ".PP\n.EX\n" + roff(line.substr(9)) + "\n.EE\n"
                                            : roff(line) + "\n";
    }
  };
  text += ".SH OPTIONS\n";
  add(program);
  for (const CLI::App* command : program.get_subcommands({})) {
    text += ".SH ESSCHER " + roff(command->get_name()) + "\n" + roff(command->get_description()) +
            ".\n";
    add(*command);
  }
  return text;
}

}  // namespace

void add_manual_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("manual", "Print this manual, made from the options' definitions");
  const auto arguments = std::make_shared<ManualArguments>();
  command->add_option("--format", arguments->format, "markdown, or man for a manual page")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"markdown", "man"}))
      ->capture_default_str();
  add_file_option(*command, arguments->output);
  command->footer("Example: esscher manual --format man -o esscher.1");
  command->callback([arguments, command, &program] {
    refuse_empty_values(*command);
    Output output(arguments->output);
    output.write(arguments->format == "man" ? man_page(program) : markdown(program));
  });
}

}  // namespace esscher::app
