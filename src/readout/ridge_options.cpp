#include "readout/ridge_options.h"

#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

void require(bool holds, const char* field, double value, const char* constraint) {
  if (!holds) throw UsageError(rejection(field, value, constraint));
}

}  // namespace

void require_valid(const RidgeOptions& options, const DesignRows& rows) {
  if (rows.rows() == 0) throw UsageError(rejection("rows", "0", "a fit needs at least one sample"));
  require(std::isfinite(options.penalty) && options.penalty >= 0, "penalty", options.penalty,
          "must be finite and not negative");
  require(options.folds >= 2 && options.folds <= 20, "folds", options.folds,
          "must lie from 2 to 20");
  require(std::isfinite(options.path_low) && options.path_low > 0, "path_low", options.path_low,
          "must be finite and positive");
  require(std::isfinite(options.path_high) && options.path_high >= options.path_low, "path_high",
          options.path_high, "must be finite and not below path_low");
  require(options.path_points >= 1 && options.path_points <= 10000, "path_points",
          options.path_points, "must lie from 1 to 10000");
}

void require_targets(const DesignRows& rows, std::span<const double> targets) {
  if (targets.size() != rows.rows()) {
    throw UsageError(rejection("targets", std::to_string(targets.size()) + " values",
                               "there are " + std::to_string(rows.rows()) + " rows"));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (std::isfinite(targets[i])) continue;
    throw DataError(rejection("target " + std::to_string(i + 1), targets[i], "must be finite"));
  }
}

}  // namespace esscher::internal
