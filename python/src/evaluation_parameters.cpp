#include "advice.h"

#include <nanobind/stl/string.h>

#include "errors.h"
#include "esscher/base/error.h"

namespace esscher::python {
namespace {

/// With the interval that was given, which holds for all policies at once.
Record gain_record(const TableEstimate& gain) {
  Record record = record_of(gain);
  if (gain.interval) {
    record.add("low", finite(gain.interval->low)).add("high", finite(gain.interval->high));
  }
  return record;
}

Record admissible_record(const TemperatureInterval& found) {
  return Record()
      .add("low", found.low)
      .add("high", found.high)
      .add("low_excluded", found.low_excluded)
      .add("high_excluded", found.high_excluded);
}

}  // namespace

Record record_of(const DeploymentAdvice& advice) {
  return Record()
      .add("verdict", in_python_words(advice.verdict))
      .add("limit", advice_limit_name(advice.limit))
      .add("recommended_beta", advice.recommended)
      .add("admissible", advice.admissible, admissible_record)
      .add("gain", advice.gain, gain_record)
      .add("labels_to_halve", advice.labels_to_halve);
}

Record record_of(const BestOfNAdvice& advice) {
  return Record()
      .add("verdict", in_python_words(advice.verdict))
      .add("limit", advice_limit_name(advice.limit))
      .add("recommended_n", advice.recommended)
      .add("largest_n", advice.largest)
      .add("largest_n_excluded", advice.largest_excluded)
      .add("gain", advice.gain, gain_record);
}

nb::list choices_of(const std::vector<BestOfNValue>& best_of_n,
                    const std::vector<Interval>& gains) {
  nb::list choices;
  for (std::size_t k = 0; k < best_of_n.size(); ++k) {
    Record record = record_of(best_of_n[k]);
    record.add("coverage", best_of_n[k].coverage);
    add_simultaneous(record, gains[k]);
    choices.append(record.dict());
  }
  return choices;
}

Record record_of(const Forecast& forecast) {
  const auto of_curve = [](const ForecastCurve& curve) {
    return Record()
        .add("form", curve.logarithmic ? "d (a - b log d)" : "d (a - b d)")
        .add("a", curve.a)
        .add("b", curve.b)
        .add("turning_kl", curve.turning_kl());
  };
  const auto of_point = [&](double kl) {
    const Interval rise = forecast.rise(kl);
    return Record()
        .add("kl", kl)
        .add("n", equivalent_n(kl))
        .add("low", rise.low)
        .add("high", rise.high);
  };
  const Interval turn = forecast.turning_kl();
  return Record()
      .add("from_kl", forecast.from_kl)
      .add("to_kl", forecast.to_kl)
      .add("turning_kl", nb::make_tuple(finite(turn.low), finite(turn.high)))
      .add("curves", list_of(forecast.curves, of_curve))
      .add("points", list_of(forecast.shown_kl(), of_point));
}

Record record_of(const TargetAnswer& answer) {
  const auto of_policy = [](const ReachingPolicy& policy) {
    return Record()
        .add("name", policy.name)
        .add("beta", policy.beta)
        .add("n", policy.n)
        .add("value", policy.value)
        .add("low", policy.low);
  };
  return Record()
      .add("value", answer.target)
      .add("policies", answer.policies)
      .add("untold", answer.untold)
      .add("reached", list_of(answer.reached, of_policy))
      .add("verdict", in_python_words(answer.verdict));
}

void add_simultaneous(Record& record, const Interval& gain) {
  record.add("simultaneous_low", finite(gain.low)).add("simultaneous_high", finite(gain.high));
}

std::vector<double> best_of(const Parameters& parameters) {
  if (parameters.is("best_of", "auto")) return {};
  std::vector<double> numbers = parameters.numbers("best_of");
  if (!numbers.empty()) return numbers;
  throw UsageError(rejection("best_of", parameters.shown("best_of"), "names no number",
                             "name one, or take auto"));
}

int bootstrap_of(const Parameters& parameters) {
  const int replicates = parameters.integer("bootstrap", 0, 100'000);
  if (replicates != 0 && replicates < 100) {
    throw UsageError(rejection("bootstrap", parameters.shown("bootstrap"),
                               "must be 0 or at least 100", "take 1000"));
  }
  return replicates;
}

double alpha_of(const Parameters& parameters) {
  const double alpha = parameters.number("alpha");
  if (!(alpha > 0 && alpha <= 0.5)) {
    throw UsageError(rejection("alpha", alpha, "must lie in (0, 0.5]", "take 0.05"));
  }
  return alpha;
}

std::optional<double> target_of(const Parameters& parameters) {
  if (parameters.is_none("target")) return std::nullopt;
  return parameters.number("target");
}

bool in_sd(const Parameters& parameters) {
  const std::string unit = parameters.text("beta_unit");
  if (unit == "reward" || unit == "sd") return unit == "sd";
  throw UsageError(rejection("beta_unit", unit, "must be reward or sd"));
}

}  // namespace esscher::python
