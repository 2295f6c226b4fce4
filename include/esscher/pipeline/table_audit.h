#pragma once

/// \file
/// What policies are worth that given scores make, measured against a gold reward: reward models
/// and judges that were not fitted here (proxies), and trained policies (their log-ratios).
/// Mathematics, section 10; estimates of policy/table_policy.h.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "esscher/temperature/forecast.h"

namespace esscher {

struct NamedScores {
  std::string name;
  std::vector<double> values;  ///< one a row, finite and within [-1e100, 1e100]
};

struct AuditTable {
  std::vector<NamedScores> proxies;
  /// log pi/pi_0 of trained policies.
  std::vector<NamedScores> log_ratios;
  /// NaN where it is not known. Rows where it is must be a random draw from all rows or, with
  /// groups, whole groups from all groups, and rows from their group.
  std::vector<double> gold;
  std::vector<std::uint32_t> groups;  ///< as TableReference::groups, or empty
  std::vector<double> log_weights;    ///< prior importance, or empty
  /// As TableReference::clusters, or empty; without groups, copies of one row are of one cluster.
  std::vector<std::uint32_t> clusters;
  std::uint64_t reference_rows = 0;  ///< the last of them, from append_reference()
  /// Numbers of the rows in their files, from 0, by which messages name them; empty: in order.
  std::vector<std::uint64_t> source_rows{};
  /// What messages call the first row there: 1, or 0 where the caller counts from 0.
  std::uint64_t first_row = 1;
};

/// Puts more rows of the reference, such as a pool of candidates, behind those of \p table, where
/// candidates of one group may come from both. Their gold rewards are not known.
/// \param rows  the same proxies and log-ratios by name, in the same order; groups where the table
///              has them, by its numbers and, for new ones, by those that follow; log-weights,
///              which count against each other only: either part counts by its number of rows;
///              clusters likewise where the table has them, or none: then rows belong to the
///              cluster of their group, new groups, and rows where there are no groups, each to one
///              of its own. Its gold rewards tell their number where there are no scores
/// \throws UsageError where scores are missing, or lengths differ; DataError where no row of a part
///         has weight. Cost: a copy.
void append_reference(AuditTable& table, const AuditTable& rows);

struct AuditOptions {
  /// Deployment temperatures, distinct and each above 0: of the proxies as they are, or of proxies
  /// in standard deviations of the gold reward.
  std::vector<double> temperatures;
  bool in_sd = true;  ///< the latter
  /// Candidates to choose from, each above 1, ascending; empty: 2, 4, 8, ... as far as 5 effective
  /// rows, the largest group or 4096 allow.
  std::vector<double> best_of{};
  bool enumerated = false;  ///< as TablePolicyOptions::enumerated; then every gold must be known
  int bootstrap = 1000;     ///< replicates, where every gold is known
  bool mean_of_proxies = true;  ///< several proxies' mean is audited, too
  /// Nominal chance that any gain of the tilted policies lies outside its interval; as much again
  /// for those of best-of-n, and for the rises of trained policies.
  double alpha = 0.05;
  /// A mean of the gold reward to be reached: then TableAudit::target names the policies that do.
  std::optional<double> target{};
  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};

/// Rows of neighbouring proxy rewards.
struct CalibrationPoint {
  double proxy = 0;     ///< mean; within groups about the group's mean
  Estimate gold;        ///< likewise
  double isotonic = 0;  ///< the gold reward that a rising curve through all points has there
  std::uint64_t rows = 0;
};

/// How gold rewards go with a proxy, in rows where both are known, under the reference.
struct ProxyCalibration {
  double correlation = 0;  ///< within groups where there are any
  /// Rise of the gold reward for one unit of the proxy, by least squares. What the proxy would have
  /// to be multiplied by to be calibrated on the whole.
  Estimate slope;
  std::vector<CalibrationPoint> curve;  ///< up to 20 of as many rows each, ascending
  /// Share of the rows whose proxy another row has, too, within groups where there are any: among
  /// those a policy cannot choose.
  double tied = 0;
};

/// One proxy over the temperatures; one of another unit, or the mean, has the gold reward's level.
/// Values of `policies` and all else are in the gold reward's unit,
/// temperatures are those of the proxy as it is: a nat of KL is priced beta unit.
struct ProxyAudit {
  std::string name;
  /// What one unit of the proxy is taken to be worth in that of the gold reward: 1 where their
  /// standard deviations are within a factor of kSameUnit, else the calibration's slope (the ratio
  /// of standard deviations where its lower 95 % limit is not above 0).
  double unit = 1;
  double sd = 0;  ///< of the proxy as it is, within groups where there are any
  ProxyCalibration calibration;
  std::vector<TablePolicyValue> policies;  ///< in the order of the temperatures
  /// Of the policies' gains: they hold for all policies of all proxies at once, together with those
  /// of of_labelled where there are any.
  std::vector<Interval> gains;
  DeploymentAdvice advice;
  std::vector<BestOfNValue> best_of_n;
  std::vector<Interval> best_of_n_gains;  ///< likewise, for all n of all proxies at once
  BestOfNAdvice best_of_n_advice;
  std::optional<Forecast> best_of_n_forecast;  ///< none where too few n can be told
  /// Where fewer than half of the rows have a gold reward and these pass as a random draw, without
  /// groups and clusters: the same on them alone, at the cost that all rows tell. Else empty.
  ToldByLabelled of_labelled{};
};

inline constexpr double kSameUnit = 4;
/// The name of the mean of several proxies, each in its standard deviations.
inline constexpr const char* kMeanOfProxies = "mean";

/// A policy that somebody has trained. Its importance weights are pi/pi_0, normalised.
struct PolicyAudit {
  std::string name;
  TablePolicyValue value;  ///< at beta = 1, of no meaning here; gain and objective likewise
  Interval rise;           ///< holds for all trained policies at once
  /// Mean of pi/pi_0 over the reference, over groups where there are any: 1 for log-ratios that are
  /// what they are said to be.
  Estimate mean_ratio;
  /// rise / KL: where a nat costs less than this, in the gold reward's unit, the policy pays.
  std::optional<double> worth;
};

struct TableAudit {
  std::vector<ProxyAudit> proxies;  ///< as given, then their mean where that is asked for
  /// The proxy to deploy, at the temperature that its advice recommends: that of the largest
  /// cautious_gain(). None where no tilt is supported.
  std::optional<std::size_t> recommended;
  /// The same of best-of-n.
  std::optional<std::size_t> recommended_best_of_n;
  std::vector<PolicyAudit> policies;
  std::optional<TargetAnswer> target;  ///< where one is asked for
  double gold_sd = 0;                  ///< within groups where there are any, as of all rows
  std::uint64_t rows = 0;
  std::uint64_t known = 0;  ///< rows with a gold reward
  bool cancelled = false;
  std::vector<std::string> remarks;  ///< plain sentences
};

/// Gold rewards of rows that have none are expected to be the least-squares line in each proxy,
/// cross-fitted, and corrected by the rows that have one (TablePolicyOptions::predicted). Scores
/// matter up to a constant or, within groups, one for each group.
/// \throws UsageError without proxies and log-ratios, for lengths that differ, options outside
///         their range and a target within groups, where the gold reward has no level; DataError
///         for a score that is constant (throughout each group), or of a unit in which temperatures
///         leave their range, a gold reward that is known nowhere or constant, and as
///         table_policy_value()
/// Cost: table_policy_value() for each proxy and temperature, best_of_n_value() for each proxy and
/// n; temperatures run in parallel.
TableAudit audit_table(const AuditTable& table, const AuditOptions& options);

}  // namespace esscher
