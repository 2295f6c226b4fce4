#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/help_formatter.h"
#include "esscher/base/build_info.h"
#include "esscher/base/error.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// Exit codes, as in sysexits.h; the manual lists them.
constexpr int kDone = 0;
constexpr int kUsage = 64;
constexpr int kData = 65;
constexpr int kInternal = 70;
constexpr int kInputOutput = 74;
constexpr int kInterrupted = 130;  // as shells tell SIGINT

/// Lets the C library keep so much of what is freed. Policies of a table take and free some ten
/// numbers a row, again and again: with pages of their own each time a third of an audit of a
/// million rows went into these.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kVectorBytes = 1 << 25;
  mallopt(M_MMAP_THRESHOLD, kVectorBytes);
  mallopt(M_TRIM_THRESHOLD, 4 * kVectorBytes);
#endif
}

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "esscher: %s\n", message.c_str());
  return code;
}

/// The command that was being read when parsing stopped.
const CLI::App& innermost(const CLI::App& program) {
  const std::vector<CLI::App*> subcommands = program.get_subcommands();
  return subcommands.empty() ? program : innermost(*subcommands.front());
}

/// What to say of a word that no definition claims: the nearest name that one does.
std::string unexpected(const CLI::App& program) {
  const CLI::App& command = innermost(program);
  const std::vector<std::string> words = program.remaining(true);
  for (const std::string& word : words) {
    const bool is_option = word.size() > 1 && word[0] == '-';
    if (!is_option && command.get_parent() != nullptr) continue;
    std::vector<std::string> names;
    if (is_option) {
      for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    } else {
      for (const CLI::App* subcommand : command.get_subcommands({})) {
        names.push_back(subcommand->get_name());
      }
    }
    const std::string place =
        (command.get_parent() == nullptr ? "" : program.get_name() + " ") + command.get_name();
    const std::string nearest = esscher::nearest_name(word.substr(0, word.find('=')), names);
    return fmt::format("{}: unknown {} of {}; {}", word, is_option ? "option" : "command", place,
                       nearest.empty() ? fmt::format("see '{} --help'", place)
                                       : fmt::format("did you mean {}?", nearest));
  }
  return fmt::format("{}: not expected by {}; quote a value that holds spaces",
                     words.empty() ? "an argument" : words.front(), command.get_display_name());
}

/// Reads the command line and runs what it asks for. Returns the exit code.
int run(int argc, char** argv) {
  CLI::App program("Reward models for exponentially tilted policies", "esscher");
  program.set_version_flag("--version", esscher::build_line(), "version, commit and build");
  // Subcommands inherit it.
  program.formatter(std::make_shared<esscher::app::HelpFormatter>());
  program.footer(
      "Exit codes: 0 done, 64 wrong usage, 65 bad data, 70 internal error, 74 input or output, "
      "130 interrupted.\n"
      "Example: esscher simulate --link damped_hermite:3 --dim 1e3 --width 16\n"
      "Example: esscher theory --link damped_hermite:3");
  esscher::app::add_simulate_command(program);
  esscher::app::add_sample_command(program);
  esscher::app::add_fit_command(program);
  esscher::app::add_evaluate_command(program);
  esscher::app::add_audit_command(program);
  esscher::app::add_predict_command(program);
  esscher::app::add_resample_command(program);
  esscher::app::add_theory_command(program);
  esscher::app::add_links_command(program);
  esscher::app::add_report_command(program);
  esscher::app::add_compare_command(program);
  esscher::app::add_manual_command(program);
  try {
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) {
      std::fputs(program.help().c_str(), stderr);
      return kUsage;
    }
    return kDone;
  } catch (const CLI::ExtrasError&) {
    return fail(kUsage, unexpected(program));
  } catch (const CLI::Success& request) {
    return program.exit(request);
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, error.what());
  } catch (const esscher::UsageError& error) {
    return fail(kUsage, error.what());
  } catch (const esscher::DataError& error) {
    return fail(kData, error.what());
  } catch (const esscher::IoError& error) {
    return fail(kInputOutput, error.what());
  } catch (const esscher::app::Interrupted& error) {
    return fail(kInterrupted, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr,
                 "esscher: internal error: %s; please report it with the command line and 'esscher "
                 "--version'\n",
                 error.what());
  } catch (...) {
    std::fputs("esscher: internal error of an unknown kind\n", stderr);
  }
  return kInternal;
}
