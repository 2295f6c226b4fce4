#include "common/reference_file.h"

#include <span>
#include <string_view>
#include <unordered_map>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/table_reader.h"

namespace esscher::app {
namespace {

std::vector<std::uint32_t> numbers_beside(std::span<const std::string> own,
                                          std::span<const std::uint32_t> numbers,
                                          std::span<const std::string> names,
                                          std::uint64_t& count) {
  std::unordered_map<std::string, std::uint32_t> known;
  for (const std::string& name : own) known[name] = static_cast<std::uint32_t>(known.size());
  std::vector<std::uint32_t> result;
  for (const std::uint32_t number : numbers) {
    const auto [found, is_new] = known.emplace(names[number], static_cast<std::uint32_t>(count));
    if (is_new) ++count;
    result.push_back(found->second);
  }
  return result;
}

/// An array by itself tells no groups, nor clusters.
void require_names(const DatasetOptions& own, const Dataset& data) {
  const bool array = own.data.ends_with(".npy");
  if (!array || (data.groups.empty() && data.clusters.empty())) return;
  if (data.clusters.empty() && data.prompts > 0) return;
  throw UsageError(rejection(
      "--reference", shown(own.data),
      data.clusters.empty() ? "the groups of its rows are not known"
                            : "the clusters of its rows are not known",
      "take a table of text with columns for them" +
          std::string(data.clusters.empty() ? ", or an array (prompts, candidates, dim) for both"
                                            : "")));
}

}  // namespace

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
  // What names the file already is not to name it twice.
  const auto told = [&](std::string_view message) {
    const std::string name = table_name(file) + ": ";
    if (message.starts_with(name)) message.remove_prefix(name.size());
    return "--reference " + shown(file) + ": " + std::string(message);
  };
  try {
    read();
  } catch (const UsageError& error) {
    throw UsageError(told(error.what()));
  } catch (const DataError& error) {
    throw DataError(told(error.what()));
  }
}

std::vector<std::uint32_t> groups_beside(const Dataset& data, const Dataset& more,
                                         std::uint64_t& count) {
  count = data.group_names.size();
  // Prompts that the shape of an array tells are nameless: those of two files are not the same.
  const bool nameless = more.prompts > 0;
  return numbers_beside(nameless ? std::span<const std::string>() : data.group_names, more.groups,
                        more.group_names, count);
}

std::vector<std::uint32_t> clusters_beside(const Dataset& data, const Dataset& more) {
  std::uint64_t count = data.cluster_names.size();
  return numbers_beside(data.cluster_names, more.clusters, more.cluster_names, count);
}

LoadedReference load_reference(const Settings& settings, const LoadedTable& table) {
  const DatasetOptions own = read_dataset_options(settings, settings["reference"]);
  DatasetOptions options;
  options.data = own.data;
  options.format = own.format;
  options.group = own.group;
  options.cluster = own.cluster;
  options.beside_data = true;
  // No policy of these fits goes there: predict refuses such rows.
  options.drop_unknown_levels = true;
  options.embeddings_key = own.embeddings_key;
  options.weight = settings["reference-weight"];
  options.weight_field = "--reference-weight";
  require_names(own, table.dataset);
  LoadedReference reference;
  in_reference(options.data, [&] {
    reference.dataset = load_features(options, table.dataset.encoding);
    reference.features = with_interactions(reference.dataset, read_interactions(settings));
    std::uint64_t count = 0;
    reference.groups = groups_beside(table.dataset, reference.dataset, count);
    reference.clusters = clusters_beside(table.dataset, reference.dataset);
  });
  return reference;
}

}  // namespace esscher::app
