#include "features/cooldown.h"

#include <gtest/gtest.h>

namespace esscher::internal {
namespace {

FeatureOptions with_cooldown(double share, Schedule schedule = Schedule::one_pass) {
  FeatureOptions options{.model = {parse_link("tanh"), {}}};
  options.step_size = 0.5;
  options.cooldown = share;
  options.schedule = schedule;
  return options;
}

/// Sum of the step sizes of all steps, as a driver would take them.
double total(const Cooldown& cooldown, std::uint64_t& changes) {
  double sum = 0;
  for (std::uint64_t step = 0; step < cooldown.end(); ++changes) {
    const std::uint64_t next = cooldown.next_change(step);
    EXPECT_GT(next, step);
    sum += cooldown.step_size(step) * static_cast<double>(next - step);
    step = next;
  }
  return sum;
}

TEST(Cooldown, FallsLinearlyOverTheLastShare) {
  const Cooldown cooldown(with_cooldown(0.5), 6400);
  EXPECT_EQ(cooldown.step_size(0), 0.5);
  EXPECT_EQ(cooldown.step_size(3199), 0.5);
  EXPECT_EQ(cooldown.next_change(0), 3200U);
  EXPECT_FALSE(cooldown.has_begun(3199));
  EXPECT_TRUE(cooldown.has_begun(3200));
  // Half of a stage of 1/32 away from both ends.
  EXPECT_DOUBLE_EQ(cooldown.step_size(3200), 0.5 * (1 - 0.5 / 32));
  EXPECT_DOUBLE_EQ(cooldown.step_size(6399), 0.5 * 0.5 / 32);
  std::uint64_t changes = 0;
  // The area of a rectangle and a triangle, exactly: stages take the line's middles.
  EXPECT_NEAR(total(cooldown, changes), 0.5 * 3200 + 0.25 * 3200, 1e-9);
  EXPECT_EQ(changes, 33U);
}

TEST(Cooldown, OfNoShareLeavesTheStepSizeAlone) {
  const Cooldown cooldown(with_cooldown(0), 1000);
  EXPECT_EQ(cooldown.next_change(0), 1000U);
  EXPECT_EQ(cooldown.step_size(999), 0.5);
  EXPECT_FALSE(cooldown.has_begun(999));
}

TEST(Cooldown, BegunEarlyTakesTheSameShareOfFewerSteps) {
  Cooldown cooldown(with_cooldown(0.25), 8000);
  cooldown.begin_at(3000);
  EXPECT_EQ(cooldown.end(), 4000U);
  EXPECT_EQ(cooldown.step_size(2999), 0.5);
  EXPECT_LT(cooldown.step_size(3000), 0.5);
  Cooldown late(with_cooldown(0.5), 8000);
  late.begin_at(5000);
  EXPECT_EQ(late.end(), 8000U);
}

TEST(Cooldown, ChangesBetweenBatchesOnlyWhereStepsShareThem) {
  for (const std::uint64_t steps : {2U, 6U, 34U, 1002U}) {
    Cooldown cooldown(with_cooldown(0.37, Schedule::reuse), steps);
    for (std::uint64_t step = 0; step < steps; step = cooldown.next_change(step)) {
      EXPECT_EQ(step % 2, 0U);
    }
  }
}

TEST(Cooldown, ServesRunsOfAnyLength) {
  for (const std::uint64_t steps : {1U, 2U, 3U, 31U, 33U, 100U}) {
    std::uint64_t changes = 0;
    const Cooldown cooldown(with_cooldown(0.9), steps);
    EXPECT_GT(total(cooldown, changes), 0) << steps;
    EXPECT_LE(changes, 33U);
  }
}

}  // namespace
}  // namespace esscher::internal
