// Matrix products on one core. The peak of a core is taken to be oneDNN's best rate in single
// precision in the same run, and half of that in double; rates are multiply-adds a second, and a
// Gram matrix counts the lower triangle only. p is the order of the square product, and the number
// of columns of the 4096 rows of a Gram matrix.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "ratios.h"

namespace {

using esscher::Matrix;
using esscher::Operand;

constexpr std::size_t kGramRows = 4096;

template <class T>
Matrix<T> normals(std::size_t rows, std::size_t columns, const char* name) {
  Matrix<T> matrix(rows, columns);
  esscher::RandomStream(1, name).fill_normal(0, matrix.values());
  return matrix;
}

void set_rate(benchmark::State& state, double per_iteration) {
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<double>(state.iterations()) * per_iteration));
}

template <class T>
void product(benchmark::State& state, std::size_t p, Operand a_as, Operand b_as) {
  const Matrix<T> a = normals<T>(p, p, "a");
  const Matrix<T> b = normals<T>(p, p, "b");
  Matrix<T> c(p, p);
  esscher::gemm(a_as, a.view(), b_as, b.view(), T{0}, c.view());
  double expected = 0;
  for (std::size_t k = 0; k < p; ++k) {
    const T left = a_as == Operand::plain ? a(p - 1, k) : a(k, p - 1);
    const T right = b_as == Operand::plain ? b(k, p - 1) : b(p - 1, k);
    expected += static_cast<double>(left) * static_cast<double>(right);
  }
  // Some sqrt(p) units in the last place of terms of size 1.
  if (!(std::abs(static_cast<double>(c(p - 1, p - 1)) - expected) <
        (sizeof(T) == 4 ? 1e-3 : 1e-11))) {
    state.SkipWithError("wrong result");
    return;
  }
  for (auto _ : state) {
    esscher::gemm(a_as, a.view(), b_as, b.view(), T{0}, c.view());
    benchmark::DoNotOptimize(c.data());
  }
  set_rate(state, static_cast<double>(p * p * p));
}

void gram(benchmark::State& state, std::size_t p) {
  const Matrix<double> rows = normals<double>(kGramRows, p, "rows");
  const std::vector<double> weights(kGramRows, 0.5);
  Matrix<double> sum(p, p);
  for (auto _ : state) {
    esscher::add_weighted_gram(rows.view(), weights, sum.view());
    benchmark::DoNotOptimize(sum.data());
  }
  set_rate(state, static_cast<double>(kGramRows * p * (p + 1)) / 2);
}

/// Rows in single precision, sums in double, as one strip.
void single_gram(benchmark::State& state, std::size_t p) {
  const Matrix<float> rows = normals<float>(kGramRows, p, "rows");
  const std::vector<double> weights(kGramRows, 0.5);
  Matrix<double> sum(p, p);
  for (auto _ : state) {
    esscher::add_weighted_gram_strip(rows.view(), weights, 0, p, sum.view());
    benchmark::DoNotOptimize(sum.data());
  }
  set_rate(state, static_cast<double>(kGramRows * p * (p + 1)) / 2);
}

void cholesky(benchmark::State& state, std::size_t p) {
  const Matrix<double> rows = normals<double>(2 * p, p, "rows");
  Matrix<double> spd(p, p);
  esscher::add_weighted_gram(rows.view(), {}, spd.view());
  Matrix<double> factor;
  for (auto _ : state) {
    factor = spd;
    if (!esscher::cholesky(factor.view())) state.SkipWithError("not positive definite");
  }
  set_rate(state, std::pow(static_cast<double>(p), 3) / 6);
}

void eigen(benchmark::State& state, std::size_t p) {
  const Matrix<double> rows = normals<double>(2 * p, p, "rows");
  Matrix<double> spd(p, p);
  esscher::add_weighted_gram(rows.view(), {}, spd.view());
  for (auto _ : state) benchmark::DoNotOptimize(esscher::symmetric_eigen(spd.view()).values.data());
}

const bool kRegistered = [] {
  const auto name = [](const char* what, std::size_t p) {
    return std::string(what) + "/" + std::to_string(p);
  };
  const std::string peak = name("sgemm", 1024);
  const auto of_peak = [&](const std::string& what) {
    esscher::bench::report_ratio("of the peak in double (half of sgemm/1024): " + what, what,
                                 {peak, peak});
  };
  for (const std::size_t p : {64, 128, 256, 512, 1024}) {
    const auto add = [&](const char* what, auto run) {
      benchmark::RegisterBenchmark(name(what, p).c_str(),
                                   [=](benchmark::State& state) { run(state, p); });
    };
    add("sgemm", [](auto& state, std::size_t order) {
      product<float>(state, order, Operand::plain, Operand::plain);
    });
    add("dgemm", [](auto& state, std::size_t order) {
      product<double>(state, order, Operand::plain, Operand::plain);
    });
    add("dgemm_transposed_b", [](auto& state, std::size_t order) {
      product<double>(state, order, Operand::plain, Operand::transposed);
    });
    add("gram", gram);
    add("single_gram", single_gram);
    esscher::bench::report_ratio("of the peak in single (sgemm/1024): " + name("single_gram", p),
                                 name("single_gram", p), {peak});
    for (const char* what : {"dgemm", "dgemm_transposed_b", "gram"}) of_peak(name(what, p));
  }
  for (const std::size_t p : {17, 65, 129, 257, 513}) {
    benchmark::RegisterBenchmark(name("cholesky", p).c_str(),
                                 [p](benchmark::State& state) { cholesky(state, p); });
    of_peak(name("cholesky", p));
  }
  for (const std::size_t p : {64, 128, 256, 512}) {
    benchmark::RegisterBenchmark(name("eigen", p).c_str(),
                                 [p](benchmark::State& state) { eigen(state, p); });
  }
  return true;
}();

}  // namespace
