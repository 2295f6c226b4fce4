// Stage 2 at n = 1e6 rows and width 512 (2e5 rows where the machine has less than 16 GiB; the cost
// is linear in rows), one thread: the weighted ridge with a fixed penalty, in multiply-adds a
// second of its Gram matrix, n (m + 1) (m + 2) / 2. Beside it
// - plain Eigen in double as one would write it, X' W X and ldlt, compiled with the same flags, on
//   features that are held in an Eigen matrix; the counter "difference" is the largest difference
//   of coefficients over the largest coefficient;
// - the arithmetic limit: half of oneDNN's rate in single precision, measured in the same run.
// Rows that are made anew (fit_made_anew) cost their k normals and m k multiply-adds each as well.

#include <benchmark/benchmark.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/memory.h"
#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"
#include "esscher/readout/network_rows.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/readout/ridge.h"
#include "ratios.h"

namespace {

using namespace esscher;

constexpr std::size_t kWidth = 512;
constexpr std::size_t kCoordinates = 64;
constexpr double kPenalty = 1e-4;
constexpr std::uint64_t kAnewRows = 50000;

FirstLayer layer(std::size_t coordinates) {
  FirstLayer made{
      coordinates, Matrix<double>(kWidth, coordinates), std::vector<double>(kWidth), {}, {}};
  RandomStream(1, "bench/w").fill_normal(0, made.weights.values());
  for (double& w : made.weights.values()) w /= std::sqrt(static_cast<double>(coordinates));
  RandomStream(1, "bench/b").fill_uniform(0, made.biases);
  return made;
}

/// Features, labels z^3 - 3z + noise clipped to [-2, 2], and label weights at beta = 1.
struct Problem {
  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> log_weights;
};

const Problem& problem() {
  static const std::unique_ptr<const Problem> made = [] {
    const auto n = physical_memory() < (std::uint64_t{16} << 30) ? std::uint64_t{200000}
                                                                 : std::uint64_t{1000000};
    const NetworkRows rows(layer(kCoordinates), n, 1, "bench", 0);
    auto result = std::make_unique<Problem>();
    result->x = Matrix<double>(static_cast<std::size_t>(n), kWidth);
    rows.fill(0, result->x.view());
    result->y = rows.directions();
    std::vector<double> noise(result->y.size());
    RandomStream(1, "bench/noise").fill_normal(0, noise);
    for (std::size_t i = 0; i < noise.size(); ++i) {
      const double z = result->y[i];
      result->y[i] = std::clamp(z * z * z - 3 * z, -2.0, 2.0) + 0.3 * noise[i];
    }
    result->log_weights = tilted_log_weights(result->y, 1.0);
    return result;
  }();
  return *made;
}

void set_rate(benchmark::State& state, std::uint64_t rows) {
  state.SetItemsProcessed(
      static_cast<std::int64_t>(state.iterations() * rows * (kWidth + 1) * (kWidth + 2) / 2));
  state.counters["rows"] = static_cast<double>(rows);
}

RidgeOptions options() {
  RidgeOptions made;
  made.rule = PenaltyRule::fixed;
  made.penalty = kPenalty;
  made.threads = 1;
  return made;
}

std::vector<double>& esscher_coefficients() {
  static std::vector<double> kept;
  return kept;
}

void fit(benchmark::State& state) {
  const Problem& given = problem();
  for (auto _ : state) {
    RidgeFit found = fit_ridge(HeldRows(given.x.view()), given.y, given.log_weights, options());
    esscher_coefficients() = std::move(found.coefficients);
  }
  set_rate(state, given.y.size());
}

void plain_eigen(benchmark::State& state) {
  const Problem& given = problem();
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto n = static_cast<Eigen::Index>(given.y.size());
  const auto m = static_cast<Eigen::Index>(kWidth);
  const Eigen::Map<const Rows> x(given.x.data(), n, m);
  const Eigen::Map<const Eigen::VectorXd> y(given.y.data(), n);
  const Eigen::Map<const Eigen::VectorXd> log_weights(given.log_weights.data(), n);
  Eigen::VectorXd a;
  for (auto _ : state) {
    Eigen::VectorXd w = log_weights.array().exp();
    w /= w.sum();
    const Eigen::VectorXd mean = x.transpose() * w;
    const double target_mean = w.dot(y);
    Eigen::MatrixXd normal = x.transpose() * w.asDiagonal() * x;
    normal -= mean * mean.transpose();
    normal.diagonal().array() += kPenalty;
    const Eigen::VectorXd right = x.transpose() * w.cwiseProduct(y) - target_mean * mean;
    a = normal.ldlt().solve(right);
  }
  set_rate(state, given.y.size());
  if (esscher_coefficients().size() != kWidth) return;
  const Eigen::Map<const Eigen::VectorXd> ours(esscher_coefficients().data(), m);
  const double difference = (ours - a).cwiseAbs().maxCoeff() / a.cwiseAbs().maxCoeff();
  state.counters["difference"] = difference;
  // cond = trace / penalty is some 1e6: both lose that much of 1e-16, times a few.
  if (!(difference < 1e-8)) state.SkipWithError("wrong result");
}

void fit_made_anew(benchmark::State& state) {
  const NetworkRows rows(layer(kWidth + 1), kAnewRows, 1, "bench", 0);
  const std::vector<double> z = rows.directions();
  const std::vector<double> log_weights(z.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(fit_ridge(rows, z, log_weights, options()).intercept);
  }
  set_rate(state, kAnewRows);
}

void sgemm(benchmark::State& state) {
  constexpr std::size_t kOrder = 1024;
  Matrix<float> a(kOrder, kOrder, 1.0F);
  Matrix<float> c(kOrder, kOrder);
  for (auto _ : state) {
    gemm(Operand::plain, a.view(), Operand::plain, a.view(), 0.0F, c.view());
    benchmark::DoNotOptimize(c.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kOrder * kOrder * kOrder));
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("sgemm", sgemm);
  benchmark::RegisterBenchmark("fit", fit)->Iterations(1)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("plain_eigen", plain_eigen)
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("fit_made_anew", fit_made_anew)
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
  bench::report_ratio("times plain Eigen: stage 2 at width 512", "fit/iterations:1",
                      {"plain_eigen/iterations:1"});
  bench::report_ratio("of the arithmetic limit in double: stage 2 at width 512", "fit/iterations:1",
                      {"sgemm", "sgemm"});
  return true;
}();

}  // namespace
