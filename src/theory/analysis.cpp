#include "esscher/theory/analysis.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "temperature_check.h"

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

}  // namespace

TheoryReport analyse(const TheoryOptions& options) {
  const SingleIndexModel& model = options.model;
  for (const double beta : options.betas) {
    internal::require_temperature(beta, "beta");
    require_finite_tilt(model.link, beta);
    if (options.learned) require_finite_tilt(*options.learned, beta);
  }
  TheoryReport report{options, {}, {}, tilt_finiteness(model.link), {}, {}, {}};
  if (options.betas.empty()) report.options.betas = default_betas(options, report.remarks);

  report.exponents = exponents(model, {.max_order = options.max_order});
  report.complexities = predicted_complexities(report.exponents);
  if (!report.exponents.generative) {
    report.remarks.push_back("no label transform shows theta* up to Hermite order " +
                             std::to_string(options.max_order) +
                             ": a constant link, or one that needs a higher --max-order");
  } else if (!(report.finiteness.limit > 0)) {
    report.remarks.push_back(report.finiteness.sentence +
                             ": no tilted law to show; clip the link, as in " + model.link.name() +
                             "@clip:-5,5");
  } else {
    const int order = *report.exponents.generative;
    report.feature_temperatures = feature_temperatures(
        model, order, report.exponents.lambda_squared[static_cast<std::size_t>(order)]);
  }

  for (const double beta : report.options.betas) {
    report.rows.push_back(
        {tilted_law(model.link, beta), tilted_signal(model, 1 / beta, options.max_order), {}});
  }
  if (options.learned) {
    const std::vector<LearnedPolicy> policies =
        learned_policies(model.link, *options.learned, options.overlap, report.options.betas);
    for (std::size_t i = 0; i < policies.size(); ++i) report.rows[i].learned = policies[i];
  }
  return report;
}

}  // namespace esscher
