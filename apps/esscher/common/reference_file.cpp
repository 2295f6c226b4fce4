#include "common/reference_file.h"

#include <unordered_map>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/table_reader.h"

namespace esscher::app {

std::vector<Setting> reference_settings(const std::string& holds) {
  return {{"reference", "FILE", "",
           "more rows of the reference, such as a library or a pool of candidates: a file with " +
               holds},
          {"reference-weight", "NAME", "", "prior importance of those rows: a column"}};
}

void check_reference(const Settings& settings, const std::string& data) {
  if (settings["reference"].empty() && !settings["reference-weight"].empty()) {
    throw UsageError(rejection("--reference-weight", shown(settings["reference-weight"]),
                               "weighs the rows of --reference", "name their file"));
  }
  if (settings["reference"] == kStandardInput && data == kStandardInput) {
    throw UsageError(rejection("--reference", "-", "standard input is DATA already",
                               "keep one of the two in a file"));
  }
}

void in_reference(const std::string& file, const std::function<void()>& read) {
  const std::string where = "--reference " + shown(file) + ": ";
  try {
    read();
  } catch (const UsageError& error) {
    throw UsageError(where + error.what());
  } catch (const DataError& error) {
    throw DataError(where + error.what());
  }
}

std::vector<std::uint32_t> groups_beside(const Dataset& data, const Dataset& more,
                                         std::uint64_t& count) {
  count = data.group_names.size();
  std::unordered_map<std::string, std::uint32_t> numbers;
  // Prompts that the shape of an array tells are nameless: those of two files are not the same.
  if (more.prompts == 0) {
    for (std::uint32_t g = 0; g < count; ++g) numbers[data.group_names[g]] = g;
  }
  std::vector<std::uint32_t> groups;
  for (const std::uint32_t group : more.groups) {
    const auto [found, is_new] =
        numbers.emplace(more.group_names[group], static_cast<std::uint32_t>(count));
    if (is_new) ++count;
    groups.push_back(found->second);
  }
  return groups;
}

LoadedReference load_reference(const Settings& settings, const LoadedTable& table) {
  const DatasetOptions own = read_dataset_options(settings, settings["reference"]);
  DatasetOptions options;
  options.data = own.data;
  options.format = own.format;
  options.group = own.group;
  options.embeddings_key = own.embeddings_key;
  options.weight = settings["reference-weight"];
  options.weight_field = "--reference-weight";
  LoadedReference reference;
  in_reference(options.data, [&] {
    reference.dataset = load_features(options, table.dataset.encoding);
    reference.features = with_interactions(reference.dataset, read_interactions(settings));
    std::uint64_t count = 0;
    reference.groups = groups_beside(table.dataset, reference.dataset, count);
  });
  return reference;
}

}  // namespace esscher::app
