// Random draws a second on one core, into a buffer that fits the first-level cache, beside what
// bounds them, measured in the same run:
// - words: Philox alone, whose 10 rounds are integer arithmetic that no normal can do without;
// - box_muller: the other half alone, from words that lie in the cache;
// - memory: plain stores to the same buffer.
// Normals come in two passes over the cache, so that their bound is 1 / (1 / words + 1 /
// box_muller).
//
// Arithmetic bound, counted in the machine code for AVX-512: 64 float normals take 115 vector
// operations in Philox and 84 in Box-Muller, on two ports; so 100 cycles, or 0.64 normals a cycle.
// The counter GHz is the clock of this run, from a chain of dependent additions.

#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/random_fill.h"
#include "esscher/base/random.h"
#include "ratios.h"

namespace {

using esscher::RandomStream;
namespace internal = esscher::internal;

constexpr std::size_t kBytes = 16384;

class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~ForcedTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

// The best of many short pieces, since other programs may take the core away.
double clock_in_ghz() {
  double best = 0;
#if HWY_ARCH_X86
  constexpr int kSteps = 50000;
  for (int piece = 0; piece < 40; ++piece) {
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t x = 0;
    for (int k = 0; k < kSteps; ++k) asm volatile("add $1, %0" : "+r"(x));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, kSteps / took.count() * 1e-9);
  }
#endif
  return best;
}

// The first elements against single draws (which take another path for words and uniforms), and the
// mean and the mean square of all to 6 deviations.
template <class T, class Single>
bool is_right(std::span<const T> out, Single single, double mean, double square,
              double square_variance) {
  double sum = 0;
  double squares = 0;
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (j < 300 && out[j] != static_cast<T>(single(j))) return false;
    sum += static_cast<double>(out[j]);
    squares += static_cast<double>(out[j]) * static_cast<double>(out[j]);
  }
  const auto n = static_cast<double>(out.size());
  return std::abs(sum / n - mean) <= 6 * std::sqrt((square - mean * mean) / n) + 1e-12 &&
         std::abs(squares / n - square) <= 6 * std::sqrt(square_variance / n) + 1e-12;
}

template <class T, class Fill, class Check>
void run(benchmark::State& state, std::int64_t target, Fill fill, Check check) {
  const ForcedTarget forced(target);
  const RandomStream stream(1, "bench");
  std::vector<T> out(kBytes / sizeof(T));
  fill(stream, 0, std::span<T>(out));
  if (!check(stream, std::span<const T>(out))) {
    state.SkipWithError("wrong result");
    return;
  }
  std::uint64_t first = 0;
  for (auto _ : state) {
    fill(stream, first, std::span<T>(out));
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
    first += out.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBytes));
  state.counters["GHz"] = clock_in_ghz();
}

template <class T>
void box_muller(benchmark::State& state, std::int64_t target) {
  const ForcedTarget forced(target);
  constexpr std::size_t kElements = internal::kElements32 * sizeof(float) / sizeof(T);
  const std::size_t count = kBytes / sizeof(T) / kElements;
  const internal::PhiloxAddress address{1, 2};
  std::vector<std::uint32_t> words(count * internal::kElements32);
  internal::fill_words(address, 0, count, words.data());
  std::vector<T> out(count * kElements);
  std::vector<T> expected(out.size());
  internal::normals_from_words(words.data(), count, out.data());
  internal::fill_normals(address, 0, count, expected.data());
  if (out != expected) {
    state.SkipWithError("wrong result");
    return;
  }
  for (auto _ : state) {
    internal::normals_from_words(words.data(), count, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

void memory(benchmark::State& state) {
  std::vector<float> out(kBytes / sizeof(float));
  int byte = 0;
  for (auto _ : state) {
    std::memset(out.data(), ++byte, kBytes);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

void standard_library_normal(benchmark::State& state) {
  std::mt19937_64 engine(1);
  std::normal_distribution<float> normal;
  std::vector<float> out(kBytes / sizeof(float));
  for (auto _ : state) {
    for (float& z : out) z = normal(engine);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

void chi_square(benchmark::State& state, double dof) {
  const RandomStream stream(1, "bench");
  constexpr std::uint64_t kChecked = 200000;
  double mean = 0;
  for (std::uint64_t k = 0; k < kChecked; ++k) mean += stream.chi_square(k, dof) / kChecked;
  if (!(std::abs(mean - dof) <= 6 * std::sqrt(2 * dof / kChecked))) {
    state.SkipWithError("wrong result");
    return;
  }
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(stream.chi_square(i++, dof));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void register_fills(std::int64_t target) {
  const auto name = [target](const char* what) {
    return std::string(what) + "/" + hwy::TargetName(target);
  };
  const auto add = [&]<class T>(const char* what, T, auto fill, auto check) {
    benchmark::RegisterBenchmark(
        name(what).c_str(), [=](benchmark::State& state) { run<T>(state, target, fill, check); });
  };
  const auto normals = [](const RandomStream& s, std::uint64_t i, auto out) {
    s.fill_normal(i, out);
  };
  const auto uniforms = [](const RandomStream& s, std::uint64_t i, auto out) {
    s.fill_uniform(i, out);
  };
  add(
      "words", std::uint32_t{},
      [](const RandomStream& s, std::uint64_t i, auto out) { s.fill_words(i, out); },
      [](const RandomStream& s, std::span<const std::uint32_t> out) {
        const double top = 0x1p32;
        return is_right(
            out, [&](auto j) { return s.word(j); }, top / 2, top * top / 3,
            top * top * top * top * 4 / 45);
      });
  add("normal_f32", float{}, normals, [](const RandomStream& s, std::span<const float> out) {
    return is_right(
        out, [&](auto j) { return s.normal_f32(j); }, 0, 1, 2);
  });
  add("normal_f64", double{}, normals, [](const RandomStream& s, std::span<const double> out) {
    return is_right(
        out, [&](auto j) { return s.normal(j); }, 0, 1, 2);
  });
  benchmark::RegisterBenchmark(name("box_muller_f32").c_str(),
                               [=](benchmark::State& state) { box_muller<float>(state, target); });
  benchmark::RegisterBenchmark(name("box_muller_f64").c_str(),
                               [=](benchmark::State& state) { box_muller<double>(state, target); });
  add("uniform_f32", float{}, uniforms, [](const RandomStream& s, std::span<const float> out) {
    return is_right(
        out, [&](auto j) { return s.uniform_f32(j); }, 0.5, 1.0 / 3, 4.0 / 45);
  });
  add("uniform_f64", double{}, uniforms, [](const RandomStream& s, std::span<const double> out) {
    return is_right(
        out, [&](auto j) { return s.uniform(j); }, 0.5, 1.0 / 3, 4.0 / 45);
  });
  add(
      "sign_f32", float{},
      [](const RandomStream& s, std::uint64_t i, auto out) { s.fill_sign(i, out); },
      [](const RandomStream& s, std::span<const float> out) {
        return is_right(
            out, [&](auto j) { return s.sign(j); }, 0, 1, 0);
      });
}

/// Against the two halves of the work, and against what the standard library offers.
void register_ratios(std::int64_t target) {
  const std::string suffix = std::string("/") + hwy::TargetName(target);
  const auto add = [&](const std::string& words, const std::string& what,
                       const std::vector<std::string>& against) {
    esscher::bench::report_ratio(words + " (" + hwy::TargetName(target) + ")", what + suffix,
                                 against);
  };
  add("of its two-pass bound: normals f32", "normal_f32",
      {"words" + suffix, "box_muller_f32" + suffix});
  // A normal in double takes two words.
  add("of its two-pass bound: normals f64", "normal_f64",
      {"words" + suffix, "words" + suffix, "box_muller_f64" + suffix});
  add("times std::normal_distribution<float> on mt19937_64: normals f32", "normal_f32",
      {"standard_library_normal_f32"});
}

const bool kRegistered = [] {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target == HWY_SCALAR) continue;
    register_fills(target);
    register_ratios(target);
  }
  benchmark::RegisterBenchmark("memory_f32", memory);
  benchmark::RegisterBenchmark("standard_library_normal_f32", standard_library_normal);
  for (const double dof : {0.01, 3.0, 1e6}) {
    benchmark::RegisterBenchmark(("chi_square/" + std::to_string(dof)).c_str(),
                                 [dof](benchmark::State& state) { chi_square(state, dof); });
  }
  return true;
}();

}  // namespace
