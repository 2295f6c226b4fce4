#include "esscher/theory/analysis.h"

#include <algorithm>
#include <cmath>

#include "best_of_n_law.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

std::vector<double> default_betas(const TheoryOptions& options, std::vector<std::string>& remarks) {
  constexpr int kSteps = 12;
  std::vector<double> betas;
  int dropped = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double beta = std::exp2(3 - 0.5 * i);
    const bool finite = tilt_finiteness(options.model.link).finite_at(1 / beta) &&
                        (!options.learned || tilt_finiteness(*options.learned).finite_at(1 / beta));
    finite ? betas.push_back(beta) : void(++dropped);
  }
  // Where the link has no finite temperature at all, another remark says so.
  if (dropped > 0 && tilt_finiteness(options.model.link).limit > 0) {
    remarks.push_back(
        std::to_string(dropped) + " of the " + std::to_string(kSteps + 1) +
        " default temperatures are left out: an exponential moment is infinite there");
  }
  return betas;
}

/// Empty, with a remark in \p report, where there are none to find.
std::optional<std::array<FeatureTemperature, 3>> find_feature_temperatures(TheoryReport& report) {
  const SingleIndexModel& model = report.options.model;
  if (report.exponents.constant) return std::nullopt;
  if (!report.exponents.generative) {
    report.remarks.push_back(
        "no label transform shows theta* up to Hermite order " +
        std::to_string(report.exponents.max_order) +
        ": the link needs a higher --max-order, or oscillates too fast for double precision to see "
        "its coefficients");
    return std::nullopt;
  }
  if (!(report.finiteness.limit > 0)) {
    report.remarks.push_back(report.finiteness.sentence +
                             ": no tilted law to show; clip the link, as in " + model.link.name() +
                             "@clip:-5,5");
    return std::nullopt;
  }
  const int order = *report.exponents.generative;
  const auto k = static_cast<std::size_t>(order);
  const double lambda_squared = report.exponents.lambda_squared[k];
  if (lambda_squared <= 10 * report.exponents.lambda_squared_errors[k]) {
    report.remarks.push_back((model.noise.kind() == NoiseKind::none ? "rounding" : "the noise") +
                             std::string(" hides order ") + std::to_string(order) +
                             " of the label to within rounding: no feature temperatures");
    return std::nullopt;
  }
  try {
    return feature_temperatures(model, order, lambda_squared);
  } catch (const UsageError& none) {
    // The table of temperatures asked for is still worth having.
    report.remarks.push_back(std::string("no feature temperatures: ") + none.what());
    return std::nullopt;
  }
}

/// A reward that no sample of the reference shows to vary may tilt all the same, where beta is low.
void remark_on_constancy(TheoryReport& report) {
  if (!report.exponents.constant) return;
  report.remarks.emplace_back(
      std::string("the reward is constant to ten digits: there is nothing to learn from samples of "
                  "N(0, I), ") +
      (report.tilts() ? "though at low temperatures it tilts the policy"
                      : "and every tilted policy is the reference itself"));
}

/// Rows whose integrals did not come as far as they should have.
void remark_on_accuracy(TheoryReport& report) {
  for (const TheoryRow& row : report.rows) {
    if (row.law.relative_error <= kToldError) continue;
    report.remarks.push_back("at beta " + number_text(row.law.beta) +
                             " (marked ~) the integrals are good to a relative " +
                             number_text(row.law.relative_error, 2) + " only");
  }
}

}  // namespace

bool TheoryReport::tilts() const {
  constexpr double kRounding = 1e-12;
  return std::any_of(rows.begin(), rows.end(),
                     [](const TheoryRow& row) { return row.law.kl > kRounding; });
}

TheoryReport analyse(const TheoryOptions& options) {
  const SingleIndexModel& model = options.model;
  for (const double beta : options.betas) {
    require_temperature(beta, "beta");
    require_finite_tilt(model.link, beta);
    if (options.learned) require_finite_tilt(*options.learned, beta);
  }
  TheoryReport report{options, {}, {}, tilt_finiteness(model.link), {}, {}, {}};
  if (options.betas.empty()) report.options.betas = default_betas(options, report.remarks);

  report.exponents = exponents(model, {.max_order = options.max_order});
  report.complexities = predicted_complexities(report.exponents);
  report.feature_temperatures = find_feature_temperatures(report);

  const internal::BestOfNLaw best_of_n(model.link);
  for (const double beta : report.options.betas) {
    report.rows.push_back(
        {tilted_law(model.link, beta), tilted_signal(model, 1 / beta, options.max_order), {}, {}});
    report.rows.back().best_of_n = best_of_n.at_kl(report.rows.back().law.kl);
  }
  remark_on_constancy(report);
  remark_on_accuracy(report);
  if (options.learned) {
    const std::vector<LearnedPolicy> policies =
        learned_policies(model.link, *options.learned, options.overlap, report.options.betas);
    for (std::size_t i = 0; i < policies.size(); ++i) report.rows[i].learned = policies[i];
  }
  return report;
}

}  // namespace esscher
