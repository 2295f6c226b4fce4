#include "report_file.h"

namespace esscher::app {

void add_report_option(CLI::App& command, std::string& path) {
  command
      .add_option(
          "--report", path,
          "also a page to look at: one HTML file with charts, numbers and options that opens "
          "from disk without a network")
      ->type_name("FILE.html");
}

ReportOptions report_options(const CLI::App& command) {
  ReportOptions options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      options.option_words[name] = option->get_description();
    }
  }
  return options;
}

ReportFile::ReportFile(const std::string& path) : path_(path) {
  if (!path.empty()) file_.emplace(path, "--report");
}

void ReportFile::write(const std::string& json, const CLI::App& command) {
  if (!file_) return;
  file_->write(report_page({path_, json}, report_options(command)));
  file_->commit();
}

}  // namespace esscher::app
