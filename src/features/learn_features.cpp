#include "esscher/features/learn_features.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "features/cooldown.h"
#include "features/learn_features_drift.h"
#include "features/learn_features_progress.h"
#include "features/recovery.h"

namespace esscher {
namespace {

/// Steps and samples of a schedule.
class Plan {
 public:
  explicit Plan(const FeatureOptions& options)
      : options_(options),
        start_(options.start == Start::spectral ? options.spectral_samples : 0),
        fresh_(options.samples - start_) {
    const std::uint64_t visits =
        options.schedule == Schedule::multi_pass
            ? saturating_product(fresh_, static_cast<std::uint64_t>(options.epochs))
            : fresh_;
    const std::uint64_t batches = visits / options.batch;
    steps_ = options.schedule == Schedule::reuse ? 2 * batches : batches;
  }

  std::uint64_t steps() const { return steps_; }
  /// As checkpoints count them.
  std::uint64_t samples_seen(std::uint64_t step) const {
    const std::uint64_t batches = options_.schedule == Schedule::reuse ? (step + 1) / 2 : step;
    return start_ + batches * options_.batch;
  }
  /// Different ones.
  std::uint64_t samples_used(std::uint64_t step) const {
    return std::min(samples_seen(step), options_.samples);
  }
  std::uint64_t samples_left_over() const { return options_.samples - samples_used(steps_); }

  /// The checkpoint behind \p step on the geometric grid.
  std::uint64_t next_checkpoint(std::uint64_t step) const {
    const double ratio = std::pow(10.0, 1.0 / options_.checkpoints_per_decade);
    const double next = std::ceil(static_cast<double>(step) * ratio);
    if (next >= static_cast<double>(steps_)) return steps_;
    return std::max(step + 1, static_cast<std::uint64_t>(next));
  }

 private:
  const FeatureOptions& options_;
  std::uint64_t start_;
  std::uint64_t fresh_;
  std::uint64_t steps_ = 0;
};

/// What is noted at every checkpoint.
class Record {
 public:
  explicit Record(const FeatureOptions& options)
      : options_(options),
        weak_(options.width, options.weak),
        strong_(options.width, options.strong) {}

  void note(std::uint64_t step, std::uint64_t samples, std::span<const double> overlaps) {
    trajectory_.push_back(
        internal::make_checkpoint(samples, overlaps, options_.weak, options_.strong));
    steps_.push_back(step);
    weak_.observe(samples, overlaps);
    strong_.observe(samples, overlaps);
  }
  bool has_settled() const { return internal::has_settled(trajectory_, steps_); }
  std::uint64_t last_step() const { return steps_.back(); }

  void write_to(FeatureSummary& summary) {
    summary.weak_times = weak_.times();
    summary.strong_times = strong_.times();
    summary.trajectory = std::move(trajectory_);
  }

 private:
  const FeatureOptions& options_;
  internal::RecoveryClock weak_;
  internal::RecoveryClock strong_;
  std::vector<Checkpoint> trajectory_;
  std::vector<std::uint64_t> steps_;
};

Share share_above(std::span<const double> overlaps, double threshold) {
  const auto count = std::count_if(overlaps.begin(), overlaps.end(), [threshold](double overlap) {
    return std::abs(overlap) > threshold;
  });
  return wilson_share(static_cast<std::size_t>(count), overlaps.size());
}

void add_remarks(const Plan& plan, FeatureSummary& summary) {
  if (summary.status == FeatureStatus::cancelled) {
    summary.remarks.push_back("Cancelled: the features are those that " +
                              std::to_string(summary.samples) + " samples gave.");
  }
  if (summary.status == FeatureStatus::settled) {
    summary.remarks.push_back("Stopped after " + std::to_string(summary.samples) +
                              " samples: the overlaps had settled.");
  }
  if (summary.status == FeatureStatus::completed && plan.samples_left_over() > 0) {
    summary.remarks.push_back("The last " + std::to_string(plan.samples_left_over()) +
                              " samples do not fill a batch and were not used.");
  }
}

using Clock = std::chrono::steady_clock;

/// Overlaps count as settled at the earliest after this part of the steps: very early nothing moves
/// because nothing has had the time to.
constexpr std::uint64_t kLeastShare = 10;

/// \param law_known  whether samples follow options.model
FeatureResult run(FeatureEngine& engine, const FeatureOptions& options, bool law_known,
                  Clock::time_point began) {
  const Plan plan(options);
  FeatureSummary summary;
  summary.engine = options.engine;
  Record record(options);
  record.note(0, plan.samples_seen(0), engine.overlaps());
  std::optional<internal::DriftFollower> drift;
  if (law_known) drift.emplace(options, engine.overlaps());
  internal::StageProgress progress(options.callbacks, "features", plan.samples_seen(plan.steps()));

  internal::Cooldown cooldown(options, plan.steps());
  std::uint64_t step = 0;
  while (step < cooldown.end() && summary.status != FeatureStatus::cancelled) {
    const std::uint64_t checkpoint = std::min(plan.next_checkpoint(step), cooldown.end());
    while (step < checkpoint && !options.callbacks.cancelled()) {
      const std::uint64_t until = std::min(checkpoint, cooldown.next_change(step));
      const std::uint64_t piece = std::min(until - step, engine.steps_at_a_time());
      if (cooldown.has_begun(step)) engine.set_step_size(cooldown.step_size(step));
      engine.advance(piece);
      step += piece;
      progress.at(plan.samples_seen(step));
    }
    if (step > record.last_step()) {
      // What theory predicts is the drift at the full step size.
      if (drift && !cooldown.has_begun(step - 1)) {
        drift->observe(step - record.last_step(), engine.overlaps());
      }
      record.note(step, plan.samples_seen(step), engine.overlaps());
    }
    if (step < checkpoint) {
      summary.status = FeatureStatus::cancelled;
    } else if (options.stop_when_settled && step >= plan.steps() / kLeastShare &&
               !cooldown.has_begun(step) && record.has_settled()) {
      summary.status = FeatureStatus::settled;
      cooldown.begin_at(step);
    }
  }
  if (summary.status != FeatureStatus::cancelled) progress.finish();

  const std::span<const double> overlaps = engine.overlaps();
  summary.steps = step;
  summary.samples = plan.samples_used(step);
  summary.overlaps.assign(overlaps.begin(), overlaps.end());
  summary.weak = share_above(overlaps, options.weak);
  summary.strong = share_above(overlaps, options.strong);
  record.write_to(summary);
  if (drift) summary.drift = drift->comparison();
  add_remarks(plan, summary);
  FirstLayer layer = engine.layer();
  summary.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return {std::move(layer), std::move(summary)};
}

std::unique_ptr<FeatureEngine> make_engine(const FeatureOptions& options) {
  switch (options.engine) {
    case Engine::direct:
      return make_direct_engine(options);
    case Engine::order_parameter:
      return make_order_parameter_engine(options);
    case Engine::marginal:
      return make_marginal_engine(options);
  }
  throw InternalError("no such engine");
}

}  // namespace

std::string_view feature_status_name(FeatureStatus status) {
  switch (status) {
    case FeatureStatus::completed:
      return "completed";
    case FeatureStatus::settled:
      return "settled";
    case FeatureStatus::cancelled:
      return "cancelled";
  }
  throw InternalError("no such status");
}

FeatureResult learn_features(const FeatureOptions& options) {
  const Clock::time_point began = Clock::now();
  validate(options);
  const std::unique_ptr<FeatureEngine> engine = make_engine(options);
  return run(*engine, options, true, began);
}

FeatureResult learn_features(const FeatureOptions& options, const SampleSource& source) {
  const Clock::time_point began = Clock::now();
  FeatureOptions direct = options;
  direct.engine = Engine::direct;
  validate(direct);
  const std::unique_ptr<FeatureEngine> engine = make_direct_engine(direct, source);
  return run(*engine, direct, false, began);
}

}  // namespace esscher
