#include "model/formula_evaluator.h"

#include <muParser.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <numbers>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"
#include "model/activations.h"
#include "model/link_builtin.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kLongestExpression = 10000;
constexpr std::size_t kCopiesKept = 8;

double clip(double x, double low, double high) {
  if (!(low <= high)) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(x, low, high);
}
double hermite_function(double k, double x) {
  if (!(k >= 0 && k <= kMostOrder && k == std::floor(k))) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return hermite(static_cast<int>(k), x);
}
double erf_function(double x) { return std::erf(x); }
double floor_function(double x) { return std::floor(x); }
double ceil_function(double x) { return std::ceil(x); }

/// A formula as every thread compiles it for itself.
struct Source {
  std::uint64_t id;  // never reused, so that a thread's copies cannot be taken for another's
  const std::string& expression;
  std::size_t variables;  ///< z1, z2, ...; 0 for the one called z or u
};

class Compiled {
 public:
  explicit Compiled(const Source& source) {
    // muParser's constructor touches state that all its parsers share.
    static std::mutex shared_state;
    const std::lock_guard lock(shared_state);
    parser_ = std::make_unique<mu::Parser>();
    if (source.variables == 0) {
      parser_->DefineVar("z", z_.data());
      parser_->DefineVar("u", z_.data());
    }
    for (std::size_t i = 0; i < source.variables; ++i) {
      parser_->DefineVar("z" + std::to_string(i + 1), &z_[i]);
    }
    parser_->DefineConst("pi", std::numbers::pi);
    parser_->DefineConst("e", std::numbers::e);
    parser_->DefineFun("erf", erf_function);
    parser_->DefineFun("relu", relu);
    parser_->DefineFun("sigmoid", sigmoid);
    parser_->DefineFun("softplus", softplus);
    parser_->DefineFun("clip", clip);
    parser_->DefineFun("h", hermite_function);
    parser_->DefineFun("floor", floor_function);
    parser_->DefineFun("ceil", ceil_function);
    parser_->SetExpr(source.expression);
    parser_->Eval();  // compiles
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  double operator()(double z) {
    z_[0] = z;
    return parser_->Eval();
  }
  double operator()(std::span<const double> z) {
    std::copy(z.begin(), z.end(), z_.begin());
    return parser_->Eval();
  }
  const mu::Parser& parser() const { return *parser_; }

 private:
  std::array<double, RawMultiFormula::kMostVariables> z_{};
  std::unique_ptr<mu::Parser> parser_;
};

// The copy used last, reachable without the guard that a thread-local object with a destructor
// costs at every access.
constinit thread_local std::uint64_t latest_id = 0;
constinit thread_local Compiled* latest = nullptr;

struct Copies {
  std::vector<std::pair<std::uint64_t, std::unique_ptr<Compiled>>> kept;  // the latest used first
  ~Copies() { latest_id = 0; }
};

Compiled& find_copy(const Source& source) {
  thread_local Copies copies;
  auto& kept = copies.kept;
  auto place = std::find_if(kept.begin(), kept.end(),
                            [&](const auto& entry) { return entry.first == source.id; });
  if (place == kept.end()) {
    if (kept.size() == kCopiesKept) {
      // The one that goes may be the latest; it must not be found any more.
      latest_id = 0;
      kept.pop_back();
    }
    kept.emplace_back(source.id, std::make_unique<Compiled>(source));
    place = kept.end() - 1;
  }
  std::rotate(kept.begin(), place, place + 1);
  latest = kept.front().second.get();
  latest_id = source.id;
  return *latest;
}

Compiled& copy_of_this_thread(const Source& source) {
  return latest_id == source.id ? *latest : find_copy(source);
}

/// '=' alone assigns in muParser, which would change z itself.
bool assigns(const std::string& expression) {
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] != '=') continue;
    const bool doubled = i + 1 < expression.size() && expression[i + 1] == '=';
    const char before = i > 0 ? expression[i - 1] : ' ';
    if (doubled) {
      ++i;
    } else if (before != '<' && before != '>' && before != '!') {
      return true;
    }
  }
  return false;
}

[[noreturn]] void refuse(const std::string& reason, std::size_t variables) {
  throw UsageError("does not parse as a formula: " + reason + "; the variable" +
                   (variables == 0 ? " is z (or u)" : "s are z1 to z4") +
                   ", functions and operators are those of muParser with "
                   "erf, relu, sigmoid, softplus, floor, ceil, clip(x,lo,hi) and h(k,x) added");
}

std::uint64_t fresh_id() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32; }, ' ');
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  return text;
}

/// Compiles it for this thread, which finds what is wrong with it. Returns whether it depends on
/// its variables.
bool compile(const Source& source) {
  const auto no = [&](const std::string& reason) { refuse(reason, source.variables); };
  if (source.expression.size() > kLongestExpression) no("it is longer than 10000 characters");
  if (assigns(source.expression)) no("'=' would assign; to compare write ==");
  try {
    const Compiled& compiled = copy_of_this_thread(source);
    if (compiled.parser().GetNumResults() != 1) no("it gives more than one value");
    return !compiled.parser().GetUsedVar().empty();
  } catch (const mu::ParserError& error) {
    no(one_line(error.GetMsg()));
  }
  return false;
}

}  // namespace

RawFormula::RawFormula(std::string expression)
    : expression_(std::move(expression)),
      id_(fresh_id()),
      depends_on_z_(compile({id_, expression_, 0})) {}

double RawFormula::value(double z) const { return copy_of_this_thread({id_, expression_, 0})(z); }

void RawFormula::values(std::span<const double> z, std::span<double> out) const {
  Compiled& compiled = copy_of_this_thread({id_, expression_, 0});
  for (std::size_t i = 0; i < z.size(); ++i) out[i] = compiled(z[i]);
}

RawMultiFormula::RawMultiFormula(std::string expression, std::size_t variables)
    : expression_(std::move(expression)), variables_(variables), id_(fresh_id()) {
  compile({id_, expression_, variables_});
}

double RawMultiFormula::value(std::span<const double> z) const {
  return copy_of_this_thread({id_, expression_, variables_})(z);
}

}  // namespace esscher::internal
