#pragma once

/// \file
/// Figures of the policies of one reward, as evaluations and audits have them alike.

#include <optional>
#include <string>
#include <vector>

#include "esscher/report/chart.h"
#include "report/page.h"
#include "report/reader.h"

namespace esscher::internal {

/// What an evaluation tells of one reward, and in which form. Within groups values are rises over
/// the reference: the level, which differs from group to group, would drown every error.
struct EvaluatedReward {
  Reader reward;
  bool grouped = false;
  std::string name{};  ///< as shown

  Reader policies() const { return reward["policies"]; }
  Reader gold(Reader policy) const { return policy[grouped ? "rise" : "gold"]; }
  Reader best_of_n(Reader best) const { return best[grouped ? "gain" : "gold"]; }
  double level(Reader policy) const {
    return grouped ? policy["reference"]["value"].number_or(0) : 0;
  }
};

/// Who tilts, and on what rows that is measured.
struct PolicyWords {
  std::string source;  ///< "learned reward"
  std::string rows;
  std::string suffix;  ///< of the true reward's name
};

/// More curves cannot be told apart.
inline constexpr std::size_t kMostCurves = 4;

/// "beta = 0.5 (0.4 sd), 120 effective rows".
std::string policy_note(Reader policy);
/// The policy at a temperature.
std::optional<Reader> policy_at(const EvaluatedReward& evaluated, std::optional<double> beta);
/// True and claimed reward against KL, with best-of-n and what is admissible.
Chart value_chart(const EvaluatedReward& evaluated, const PolicyWords& words);
/// Claimed less true reward against the temperature.
Chart promise_chart(const EvaluatedReward& evaluated, const PolicyWords& words);
/// The true reward of the best of n by each reward. \param advised  its name, if any is
Chart candidates_chart(const std::vector<EvaluatedReward>& rewards, const PolicyWords& words,
                       const std::string& advised);
/// Where the labelled rows tell of the policies by themselves, too: a curve of their gains over the
/// temperature, and a column of them.
void add_labelled_gains(Chart& chart, const EvaluatedReward& evaluated);
void add_labelled_column(PageTable& table, const EvaluatedReward& evaluated);
/// The largest safe n, or "none".
std::string safe_n_text(const EvaluatedReward& evaluated);
Chart rows_chart(const EvaluatedReward& evaluated, double rows);

}  // namespace esscher::internal
