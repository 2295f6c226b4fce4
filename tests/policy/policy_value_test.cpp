#include "esscher/policy/policy_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "../support/failure_text.h"
#include "../theory/golden.h"
#include "esscher/base/error.h"
#include "esscher/theory/tilted_law.h"
#include "networks.h"

namespace esscher {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Small enough for all golden cases to be quick.
PolicyOptions options(std::optional<PolicyMethod> method = {}) {
  PolicyOptions result;
  result.method = method;
  result.samples = 1 << 13;
  result.particles = 128;
  result.threads = 1;
  return result;
}

/// Within \p errors standard errors, or \p slack for exact values.
void expect_near(const Estimate& estimate, double exact, double errors, double slack,
                 const char* what) {
  EXPECT_NEAR(estimate.value, exact, errors * estimate.standard_error + slack) << what;
}

TEST(PolicyValue, GoldenNetworksAreWhatTheyStandFor) {
  for (const auto& [name, link] : std::vector<std::pair<std::string, std::string>>{
           {"cos(2u)", "cos:2"},
           {"h_3(u sqrt(1.5)) exp(-u^2/4)", "damped_hermite:3"},
           {"max(0, u-1)", "max(0,u-1)"}}) {
    const networks::Profile profile = networks::golden_profile(name);
    const Link exact = parse_link(link);
    for (double u = -8; u <= 8; u += 0.37) {
      double sum = profile.intercept;
      for (std::size_t j = 0; j < profile.readout.size(); ++j) {
        const double at = u + profile.biases[j];
        sum += profile.readout[j] *
               (profile.activation.kind == ActivationKind::erf ? std::erf(at) : std::max(0.0, at));
      }
      // The lattice errs by 1e-11 of the size, rounding by less.
      EXPECT_NEAR(sum, exact(u), 1e-10) << name << " at " << u;
    }
  }
}

/// All golden cases by one method. Quadrature: the network differs from the reward by 1e-10, which
/// a temperature of 1/4 makes 4e-10 of the policy. Sampling: four standard errors; of some 300
/// comparisons (many of them dependent) one goes beyond with a probability of at most 2 %, by
/// Student's law with 15 degrees of freedom 25 %, so those are held to the same tail probability.
void expect_golden(PolicyMethod method) {
  const nlohmann::json golden = golden::load("tilted_policy.json");
  int unreliable = 0;
  for (const auto& row : golden.at("cases")) {
    const double beta = row.at("beta");
    SCOPED_TRACE(row.at("link").get<std::string>() + " learned as " +
                 row.at("learned").get<std::string>() + " at " + std::to_string(beta));
    const Network network =
        networks::network(networks::golden_profile(row.at("learned")), row.at("overlap"));
    const PolicyValue value =
        evaluate_policy(network, golden::link(row.at("link")), beta, options(method));
    EXPECT_EQ(value.method, method);
    // Student's law with 15 degrees of freedom has the normal's tail beyond 4 beyond 5.5.
    const double errors = method == PolicyMethod::sequential ? 5.5 : 4;
    constexpr double kSlack = 3e-9;
    if (!value.reliable) {
      ++unreliable;
      expect_words(value.remark, "importance weights");
      continue;
    }
    expect_near(value.gold, row.at("gold_value"), errors, kSlack, "gold");
    expect_near(value.proxy, row.at("proxy_value"), errors, kSlack, "proxy");
    expect_near(value.kl, row.at("kl"), errors, kSlack, "kl");
    expect_near(value.value, row.at("value"), errors, kSlack, "value");
    expect_near(value.gap, row.at("value_gap"), errors, kSlack, "gap");
    expect_near(value.efficiency.value(), row.at("efficiency"), errors, 10 * kSlack, "efficiency");
    const double log_partition =
        row.at("proxy_value").get<double>() / beta - row.at("kl").get<double>();
    expect_near(value.log_partition, log_partition, errors, kSlack, "log partition");
    EXPECT_NEAR(value.optimal_value, row.at("optimal_value"), kSlack);
    EXPECT_NEAR(value.reference_value, row.at("reference_value"), kSlack);
    if (method == PolicyMethod::quadrature) {
      EXPECT_EQ(value.gap.standard_error, 0);
    } else {
      // Errors that are known to be small enough to tell something.
      EXPECT_GT(value.gap.standard_error, 0);
      EXPECT_LT(value.gold.standard_error, 0.03);
      EXPECT_LT(value.efficiency->standard_error, 0.35);
    }
  }
  // max(0, u - 1) at 1/4 moves u by four deviations, where the draws are few; next to it is the
  // damped Hermite reward at 1/4.
  if (method == PolicyMethod::importance_sampling) {
    EXPECT_GE(unreliable, 1);
    EXPECT_LE(unreliable, 2);
  } else {
    EXPECT_EQ(unreliable, 0);
  }
}

TEST(PolicyValue, QuadratureAgreesWithTheGoldenPolicies) {
  expect_golden(PolicyMethod::quadrature);
}
TEST(PolicyValue, ImportanceSamplingAgreesWithTheGoldenPolicies) {
  expect_golden(PolicyMethod::importance_sampling);
}
TEST(PolicyValue, SequentialSamplingAgreesWithTheGoldenPolicies) {
  expect_golden(PolicyMethod::sequential);
}

// r = <v, x>: pi = N(v / beta, I), KL = |v|^2 / (2 beta^2), E z = v_1 / beta.
TEST(PolicyValue, LinearRewardsHaveTheirClosedForm) {
  const Link reward = parse_link("identity");
  const std::vector<double> v{0.9, -0.3, 0.2, 0.1};
  const double square = 0.81 + 0.09 + 0.04 + 0.01;
  for (const PolicyMethod method : {PolicyMethod::importance_sampling, PolicyMethod::sequential}) {
    for (const double beta : {2.0, 1.0, 0.4, 0.05}) {
      if (method == PolicyMethod::importance_sampling && beta < 0.4) continue;
      SCOPED_TRACE(std::string(policy_method_name(method)) + " at " + std::to_string(beta));
      const PolicyValue value =
          evaluate_policy(networks::linear_network(v), reward, beta, options(method));
      // 40 comparisons; Student's 15 degrees beyond 5.5 and the normal law beyond 4 alike have a
      // probability of 6e-5.
      const double errors = method == PolicyMethod::sequential ? 5.5 : 4;
      EXPECT_TRUE(value.reliable) << value.remark;
      expect_near(value.log_partition, square / (2 * beta * beta), errors, 1e-12, "log Z");
      expect_near(value.kl, square / (2 * beta * beta), errors, 1e-12, "kl");
      expect_near(value.gold, 0.9 / beta, errors, 1e-12, "gold");
      expect_near(value.proxy, square / beta, errors, 1e-12, "proxy");
      // J* - J = |e_1 - v|^2 / (2 beta).
      expect_near(value.gap, (0.01 + 0.14) / (2 * beta), errors, 1e-12, "gap");
      EXPECT_NEAR(value.optimal_value, 1 / (2 * beta), 1e-9);
      EXPECT_LT(value.kl.standard_error, 0.1 * value.kl.value);
    }
  }
}

// h_2 neurons: r = sum a_j (u_j^2 - 1) / sqrt 2 with orthonormal w_j, so that each u_j has the
// variance 1 / (1 - sqrt(2) a_j / beta) under the policy.
TEST(PolicyValue, QuadraticRewardsHaveTheirClosedForm) {
  Network network;
  network.first.dim = 3;
  network.first.activation = {ActivationKind::hermite, 2};
  network.first.weights = Matrix<double>(2, 3);
  network.first.weights(0, 0) = 0.6;
  network.first.weights(0, 1) = 0.8;
  network.first.weights(1, 0) = 0.8;
  network.first.weights(1, 1) = -0.6;
  network.first.biases = {0, 0};
  network.readout = {0.3, -1.0};
  const double beta = 1.5;
  const double root2 = std::sqrt(2.0);
  const double v0 = 1 / (1 - root2 * 0.3 / beta);
  const double v1 = 1 / (1 + root2 * 1.0 / beta);
  const double log_partition =
      0.5 * std::log(v0) - 0.3 / root2 / beta + 0.5 * std::log(v1) + 1.0 / root2 / beta;
  for (const PolicyMethod method : {PolicyMethod::importance_sampling, PolicyMethod::sequential}) {
    const PolicyValue value = evaluate_policy(network, parse_link("abs"), beta, options(method));
    EXPECT_TRUE(value.reliable) << value.remark;
    expect_near(value.log_partition, log_partition, 5.5, 0, "log Z");
    // E|z| for z normal of variance 0.36 v0 + 0.64 v1.
    expect_near(value.gold, std::sqrt((0.36 * v0 + 0.64 * v1) * 2 / std::acos(-1.0)), 5.5, 0,
                "gold");
    expect_near(value.proxy, 0.3 * (v0 - 1) / root2 - (v1 - 1) / root2, 5.5, 0, "proxy");
  }
}

TEST(PolicyValue, TheTrueRewardIsOptimal) {
  const Link reward = parse_link("identity");
  const std::vector<double> v{1, 0, 0};
  for (const double beta : {1e3, 1.0, 0.3}) {
    const PolicyValue value = evaluate_policy(networks::linear_network(v), reward, beta,
                                              options(PolicyMethod::importance_sampling));
    // delta is rounding: its square over beta is far below this.
    EXPECT_NEAR(value.efficiency->value, 1, 1e-14);
    EXPECT_LT(value.efficiency->standard_error, 1e-14);
    const PolicyValue exact = evaluate_policy(networks::linear_network(v), reward, beta, options());
    EXPECT_EQ(exact.method, PolicyMethod::quadrature);
    EXPECT_NEAR(exact.efficiency->value, 1, 1e-9);
    EXPECT_NEAR(exact.kl.value, 1 / (2 * beta * beta), 1e-10 / (beta * beta));
    const PolicyValue runs = evaluate_policy(networks::linear_network(v), reward, beta,
                                             options(PolicyMethod::sequential));
    expect_near(*runs.efficiency, 1, 5.5, 1e-9, "efficiency");
  }
}

TEST(PolicyValue, ARewardOfNothingIsTheReferencePolicy) {
  Network network = networks::network(networks::golden_profile("tanh(u)"), 0.7);
  network.readout.assign(network.readout.size(), 0.0);
  network.intercept = 3;
  const Link reward = parse_link("cos:2");
  const PolicyValue value = evaluate_policy(network, reward, 0.5, options());
  EXPECT_EQ(value.method, PolicyMethod::quadrature);
  EXPECT_NEAR(value.efficiency->value, 0, 1e-12);
  EXPECT_NEAR(value.gold.value, std::exp(-2), 1e-12);
  EXPECT_NEAR(value.log_partition.value, 6, 1e-12);
  EXPECT_NEAR(value.proxy.value, 3, 1e-12);
}

/// A network with an error in many directions, which neither quadrature nor, at low temperatures,
/// importance sampling can do.
Network noisy_network(double noise) {
  constexpr std::size_t kWidth = 24;
  Network network;
  network.first.dim = 1000000;
  network.first.weights = Matrix<double>(kWidth, kWidth + 1);
  const RandomStream stream(11, "noisy");
  for (std::size_t j = 0; j < kWidth; ++j) {
    const double m = j % 3 == 0 ? 0.2 : 0.95;
    std::vector<double> direction(j + 1);
    stream.fill_normal(100 * j, direction);
    double square = 0;
    for (const double v : direction) square += v * v;
    network.first.weights(j, 0) = m;
    for (std::size_t i = 0; i <= j; ++i) {
      network.first.weights(j, i + 1) = std::sqrt(1 - m * m) * direction[i] / std::sqrt(square);
    }
    network.first.biases.push_back(-1.5 + 3.0 * static_cast<double>(j) / kWidth);
    network.readout.push_back((j % 3 == 0 ? noise : 0.1) * (j % 2 == 0 ? 1 : -0.7));
  }
  return network;
}

TEST(PolicyValue, SamplersAgreeWhereBothServe) {
  const Link reward = parse_link("damped_hermite:3");
  const Network network = noisy_network(0.4);
  for (const double beta : {2.0, 0.7}) {
    PolicyOptions fine = options(PolicyMethod::importance_sampling);
    fine.samples = 1 << 15;
    const PolicyValue a = evaluate_policy(network, reward, beta, fine);
    const PolicyValue b = evaluate_policy(network, reward, beta, options(PolicyMethod::sequential));
    EXPECT_TRUE(a.reliable) << a.remark;
    EXPECT_TRUE(b.reliable) << b.remark;
    // 8 comparisons at a probability below 6e-5 each.
    const auto same = [](const Estimate& x, const Estimate& y, const char* what) {
      EXPECT_NEAR(x.value, y.value, 5.5 * std::hypot(x.standard_error, y.standard_error)) << what;
    };
    same(a.log_partition, b.log_partition, "log Z");
    same(a.gold, b.gold, "gold");
    same(a.gap, b.gap, "gap");
    same(a.kl, b.kl, "kl");
  }
}

TEST(PolicyValue, FallsBackToTheSequentialSamplerAndSaysSo) {
  const Link reward = parse_link("damped_hermite:3");
  const Network network = noisy_network(1.0);
  const PolicyValue chosen = evaluate_policy(network, reward, 0.1, options());
  EXPECT_EQ(chosen.method, PolicyMethod::sequential);
  EXPECT_TRUE(chosen.reliable) << chosen.remark;
  EXPECT_GT(chosen.temperatures, 1);
  EXPECT_GT(chosen.ess.value(), 100);
  EXPECT_FALSE(chosen.pareto_k.has_value());
  EXPECT_LT(chosen.efficiency->value, 0);  // over-optimised
  const PolicyValue forced =
      evaluate_policy(network, reward, 0.1, options(PolicyMethod::importance_sampling));
  EXPECT_EQ(forced.method, PolicyMethod::importance_sampling);
  EXPECT_FALSE(forced.reliable);
  expect_words(forced.remark, "importance weights");
}

// Every temperature in the range that a user may ask for has an answer without NaN.
TEST(PolicyValue, ColdAndHotAreFinite) {
  const Link reward = parse_link("tanh");
  const std::vector<double> a = noisy_network(0.3).readout;
  std::vector<PolicyCase> cases;
  for (const double beta : {1e-2, 1.0, 1e3, 1e8}) cases.push_back({a, 0.25, beta});
  PolicyOptions few = options();
  few.runs = 4;
  few.particles = 64;
  few.moves = 1;
  for (const PolicyValue& value : evaluate_policies(noisy_network(0.3).first, cases, reward, few)) {
    SCOPED_TRACE(value.beta);
    for (const Estimate& estimate : {value.log_partition, value.kl, value.gold, value.proxy,
                                     value.value, value.gap, *value.efficiency}) {
      EXPECT_TRUE(std::isfinite(estimate.value));
      EXPECT_TRUE(std::isfinite(estimate.standard_error));
      EXPECT_GE(estimate.degrees_of_freedom, 1);
    }
    EXPECT_GE(value.gap.value, 0);
    // What it earns tends to Cov(r, r*) / beta, so the efficiency to a constant: no digit is lost.
    if (value.beta >= 1e3) {
      EXPECT_LT(value.efficiency->standard_error, 0.05);
    }
  }
}

TEST(PolicyValue, DoesNotDependOnThreadsOrOnTheOtherCases) {
  const Link reward = parse_link("damped_hermite:3");
  const Network network = noisy_network(0.4);
  std::vector<double> other(network.readout);
  for (double& a : other) a *= -2;
  const std::vector<PolicyCase> cases{
      {network.readout, 0, 0.5}, {other, 1, 0.5}, {other, 0, 0.05}, {network.readout, 2, 0.05}};
  PolicyOptions small = options();
  small.samples = 3000;
  small.particles = 700;  // two pieces of parallel work
  small.runs = 3;
  small.moves = 1;
  small.threads = 1;
  const std::vector<PolicyValue> one = evaluate_policies(network.first, cases, reward, small);
  EXPECT_EQ(one[0].method, PolicyMethod::importance_sampling);
  EXPECT_EQ(one[2].method, PolicyMethod::sequential);
  for (const int threads : {2, 3}) {
    small.threads = threads;
    const std::vector<PolicyValue> many = evaluate_policies(network.first, cases, reward, small);
    for (std::size_t c = 0; c < cases.size(); ++c) {
      EXPECT_EQ(one[c].gold.value, many[c].gold.value);
      EXPECT_EQ(one[c].gap.value, many[c].gap.value);
      EXPECT_EQ(one[c].gap.standard_error, many[c].gap.standard_error);
      EXPECT_EQ(one[c].log_partition.value, many[c].log_partition.value);
    }
  }
  // The sequential sampler knows nothing of other cases; importance sampling shares temperatures.
  const PolicyValue alone =
      evaluate_policies(network.first, std::span(cases).subspan(2, 1), reward, small).front();
  EXPECT_EQ(alone.gap.value, one[2].gap.value);
}

// Cancels as soon as it hears of progress.
TEST(PolicyValue, ACancelledCaseSaysSo) {
  const Network network = noisy_network(0.4);
  CancellationToken token;
  PolicyOptions cancelled = options();
  cancelled.callbacks.cancellation = &token;
  std::vector<std::string> stages;
  cancelled.callbacks.progress = [&](const Progress& progress) {
    stages.emplace_back(progress.stage);
    token.request();
  };
  const PolicyValue value = evaluate_policy(network, parse_link("tanh"), 0.5, cancelled);
  EXPECT_TRUE(value.cancelled);
  EXPECT_FALSE(value.reliable);
  expect_words(value.remark, "cancelled");
  ASSERT_FALSE(stages.empty());
  EXPECT_EQ(stages.back(), "importance sampling");
}

TEST(PolicyValue, RefusesBadInputInWords) {
  const Network network = noisy_network(0.4);
  const Link reward = parse_link("tanh");
  const auto text = [&](const Network& bad, double beta, const PolicyOptions& with) {
    return failure_text<UsageError>([&] { evaluate_policy(bad, reward, beta, with); });
  };
  for (const double beta : {0.0, -1.0, kNaN, 1e-10}) {
    expect_words(text(network, beta, options()), "beta");
  }
  PolicyOptions bad = options();
  bad.samples = 3;
  expect_words(text(network, 1, bad), "samples = 3", "from 16");
  bad = options();
  bad.particles = 1;
  expect_words(text(network, 1, bad), "particles = 1");
  bad = options();
  bad.runs = 1;
  expect_words(text(network, 1, bad), "runs = 1", "from 2");
  bad = options();
  bad.moves = 0;
  expect_words(text(network, 1, bad), "moves = 0");
  bad = options(PolicyMethod::importance_sampling);
  bad.samples = std::uint64_t{1} << 32;
  expect_words(text(network, 1, bad), "samples", "memory", "fewer");
  expect_words(text(network, 1, options(PolicyMethod::quadrature)), "method = quadrature",
               "more than one direction");
  Network wrong = network;
  wrong.readout.pop_back();
  expect_words(text(wrong, 1, options()), "readout = 23 weights", "24 neurons");
  wrong = network;
  wrong.readout[3] = kNaN;
  expect_words(text(wrong, 1, options()), "readout", "finite");
  expect_words(failure_text<UsageError>(
                   [&] { evaluate_policy(network, parse_link("hermite:3"), 1, options()); }),
               "infinite", "clip");
}

TEST(PolicyValue, MethodsHaveNames) {
  EXPECT_EQ(policy_method_name(PolicyMethod::quadrature), "quadrature");
  EXPECT_EQ(policy_method_name(PolicyMethod::importance_sampling), "importance_sampling");
  EXPECT_EQ(policy_method_name(PolicyMethod::sequential), "sequential");
}

}  // namespace
}  // namespace esscher
