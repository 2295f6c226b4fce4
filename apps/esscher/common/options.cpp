#include "options.h"

#include <algorithm>
#include <string>

#include "esscher/base/error.h"

namespace esscher::app {

void refuse_empty_values(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_items_expected() == 0) continue;
    const CLI::results_t& values = option->results();
    if (std::all_of(values.begin(), values.end(), [](auto& value) { return !value.empty(); })) {
      continue;
    }
    throw UsageError(rejection(option->get_name(), "''", "must not be empty",
                               "give a value or leave the option out"));
  }
}

}  // namespace esscher::app
