#pragma once

/// \file
/// Predictions of a saved table model on a table: what predict and resample share.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "esscher/data/dataset.h"
#include "settings.h"
#include "table_settings.h"

namespace esscher::app {

/// Which readout of which model on which rows, as the command line gives it.
struct PredictionArguments {
  std::string model;
  std::string data;
  std::string table;
  std::string embeddings_key = "embeddings";
  std::string beta;
  std::string beta_unit = "reward";
  std::string weights = "auto";
  bool skip_unknown = false;
  bool draws_at_beta =
      false;  ///< refused, before any row is read, where no one temperature is told
  std::string threads = "0";
  std::vector<Setting> format = format_settings();

  /// Defines positionals and options, all but --beta and its unit.
  void define(CLI::App& command);
  int thread_count() const;
};

struct Predictions {
  Dataset dataset;
  /// The temperature that was asked for, or the only one that the model holds.
  std::optional<double> beta{};
  bool within_groups = false;  ///< whether the model was fitted so: levels of groups mean nothing
  std::vector<double> rewards{};  ///< one a row
  /// What was open and how it was settled, a sentence each.
  std::vector<std::string> remarks{};
};

/// \param group, weight  columns of the groups and of prior importance; empty: none
/// \throws UsageError where the model holds no such readout, and as load_features()
Predictions predict_table(const PredictionArguments& arguments, const std::string& group = "",
                          const std::string& weight = "");

}  // namespace esscher::app
