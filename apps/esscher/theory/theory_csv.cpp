#include "common/csv_line.h"
#include "theory_report.h"

namespace esscher::app {
namespace {

std::string heading(const TheoryReport& report) {
  CsvLine line;
  for (const char* name :
       {"beta", "log_partition", "optimal_value", "reference_value", "gain", "mean_reward",
        "reward_variance", "kl", "ess_fraction", "mean_direction", "direction_variance",
        "chi_square", "best_of_n", "best_of_n_mean_reward", "relative_error"}) {
    line.add(std::string(name));
  }
  if (report.options.learned) {
    for (const char* name :
         {"learned_gold_value", "learned_proxy_value", "learned_kl", "learned_value",
          "learned_value_gap", "learned_efficiency", "learned_ess_fraction"}) {
      line.add(std::string(name));
    }
  }
  for (const LabelTransform transform : kLabelTransforms) {
    const std::string prefix(transform_name(transform));
    for (int k = 0; k <= report.options.max_order; ++k) {
      line.add(prefix + "_signal_" + std::to_string(k));
    }
    for (int k = 0; k <= report.options.max_order; ++k) {
      line.add(prefix + "_signal_to_noise_" + std::to_string(k));
    }
  }
  return line.text();
}

std::string row_line(const TheoryRow& row, int max_order) {
  CsvLine line;
  const TiltedLaw& law = row.law;
  for (const double value : {law.beta, law.log_partition, law.optimal_value, law.reference_value,
                             law.gain, law.mean_reward, law.reward_variance, law.kl}) {
    line.add(value);
  }
  line.add(law.ess_fraction);
  line.add(law.mean_direction);
  line.add(law.direction_variance);
  line.add(law.chi_square);
  line.add(row.best_of_n ? row.best_of_n->n : NAN);
  line.add(row.best_of_n ? row.best_of_n->mean_reward : NAN);
  line.add(law.relative_error);
  if (row.learned) {
    const LearnedPolicy& learned = *row.learned;
    for (const double value :
         {learned.gold_value, learned.proxy_value, learned.kl, learned.value, learned.value_gap}) {
      line.add(value);
    }
    line.add(learned.efficiency);
    line.add(learned.ess_fraction);
  }
  for (const LabelTransform transform : kLabelTransforms) {
    for (int k = 0; k <= max_order; ++k) line.add(row.signal.signal(transform, k));
    const std::vector<double>& rho = row.signal[transform].signal_to_noise;
    for (int k = 0; k <= max_order; ++k) {
      line.add(rho.empty() ? NAN : rho[static_cast<std::size_t>(k)]);
    }
  }
  return line.text();
}

}  // namespace

std::string theory_csv(const TheoryReport& report) {
  std::string text = heading(report);
  for (const TheoryRow& row : report.rows) text += row_line(row, report.options.max_order);
  return text;
}

}  // namespace esscher::app
