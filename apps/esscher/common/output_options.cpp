#include "output_options.h"

#include "report_file.h"

namespace esscher::app {

void add_format_option(CLI::App& command, std::string& format,
                       const std::vector<std::string>& names) {
  std::string words = "what to print: " + names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    words += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  command.add_option("--format", format, words)
      ->type_name("FORMAT")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
}

void add_file_option(CLI::App& command, std::string& path) {
  command.add_option("-o,--output", path, "file to write (default: standard output)")
      ->type_name("FILE");
}

void add_run_options(CLI::App& command, RunOutput& out, const std::string& files,
                     const std::vector<std::string>& formats) {
  command.add_option("-o,--output", out.folder, "folder for " + files + " (default: only print)")
      ->type_name("FOLDER");
  add_report_option(command, out.page);
  command.add_flag("--force", out.force, "replaces the files of an earlier run");
  add_progress_options(command, out.progress, "no progress, and with -o no report on the terminal");
  add_format_option(command, out.format, formats);
}

}  // namespace esscher::app
