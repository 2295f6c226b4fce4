#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/text.h"
#include "esscher/model/link_catalogue.h"
#include "esscher/theory/exponents.h"

namespace esscher::app {
namespace {

struct LinksArguments {
  std::string format = "table";
  std::string output;
};

struct Row {
  const CatalogueEntry* entry;
  Exponents exponents;  ///< of the example
};

std::string order_text(const std::optional<int>& order) {
  return order ? std::to_string(*order) : "-";
}

std::string table(const std::vector<Row>& rows) {
  std::string text = fmt::format("{:<15} {:<14} {:<36} {:<25} {:>2} {:>2}\n", "link", "parameters",
                                 "f(z)", "example", "IE", "GE");
  for (const Row& row : rows) {
    const CatalogueEntry& entry = *row.entry;
    text += fmt::format("{:<15} {:<14} {:<36} {:<25} {:>2} {:>2}\n", entry.name, entry.parameters,
                        entry.formula, entry.example, order_text(row.exponents.information),
                        order_text(row.exponents.generative));
  }
  text +=
      "\nIE, GE: information and generative exponent of the example. h_k: normalised Hermite "
      "polynomial.\n"
      "Also: a formula in z       'tanh(z^3-3*z)', its break points given: @breaks:B1,B2 or "
      "@breaks:none\n"
      "      a table z,f(z)       table:FILE.csv\n"
      "      modifiers            hermite:3@clip:-2,2   @scale:A   @shift:C\n";
  return text + wrapped(std::string(kFormulaHelp) + ".", kPageWidth) + "\n";
}

std::string json(const std::vector<Row>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    const auto order = [](const std::optional<int>& k) {
      return k ? nlohmann::ordered_json(*k) : nlohmann::ordered_json();
    };
    list.push_back({{"name", row.entry->name},
                    {"parameters", row.entry->parameters},
                    {"formula", row.entry->formula},
                    {"remark", row.entry->remark},
                    {"example", row.entry->example},
                    {"information_exponent", order(row.exponents.information)},
                    {"generative_exponent", order(row.exponents.generative)}});
  }
  return list.dump(1) + "\n";
}

void run_links(const LinksArguments& arguments) {
  Output output(arguments.output);
  std::vector<Row> rows;
  for (const CatalogueEntry& entry : link_catalogue()) {
    rows.push_back({&entry, exponents({parse_link(entry.example), Noise()})});
  }
  output.write(arguments.format == "json" ? json(rows) : table(rows));
}

}  // namespace

void add_links_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("links", "List the links that have a name, with their exponents");
  const auto arguments = std::make_shared<LinksArguments>();
  add_format_option(*command, arguments->format, {"table", "json"});
  add_file_option(*command, arguments->output);
  command->footer("Example: esscher links");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_links(*arguments);
  });
}

}  // namespace esscher::app
