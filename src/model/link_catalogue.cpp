#include "esscher/model/link_catalogue.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/link_builtin.h"

namespace esscher {
namespace {

using Parameters = std::span<const double>;

/// Wraps a maker so that a wrong number of parameters is refused in words.
CatalogueEntry entry(const std::string& name, const std::string& parameters, std::size_t least,
                     std::size_t most, const std::string& formula, const std::string& remark,
                     const std::string& example, const std::function<Link(Parameters)>& make) {
  const std::string form = name + (parameters.empty() ? " takes none" : " takes " + parameters);
  const auto checked = [=](Parameters p) {
    if (p.size() < least || p.size() > most) {
      throw UsageError(rejection("number of parameters", static_cast<double>(p.size()), form,
                                 "for example " + example));
    }
    return make(p);
  };
  return {name, parameters, formula, remark, example, checked};
}

CatalogueEntry plain(const std::string& name, const std::string& formula, const std::string& remark,
                     Link (*make)()) {
  return entry(name, "", 0, 0, formula, remark, name, [make](Parameters) { return make(); });
}

int whole(double value, const char* field) {
  if (value != std::floor(value) || std::abs(value) > 1000) {
    throw UsageError(rejection(field, value, "must be a whole number from 0 to 64"));
  }
  return static_cast<int>(value);
}

double given(Parameters p, std::size_t index, double standard) {
  return index < p.size() ? p[index] : standard;
}

std::vector<CatalogueEntry> make_catalogue() {
  using namespace internal;
  std::vector<CatalogueEntry> all;
  all.push_back(plain("identity", "z", "The linear reward: its tilted law is a shifted normal law.",
                      identity_link));
  all.push_back(plain("relu", "max(0, z)", "Rectified linear unit.", relu_link));
  all.push_back(entry("leaky_relu", "[slope]", 0, 1, "z for z > 0, slope z for z < 0",
                      "Rectified linear unit that leaks on the left; slope is 0.01 unless given.",
                      "leaky_relu:0.1",
                      [](Parameters p) { return leaky_relu_link(given(p, 0, 0.01)); }));
  all.push_back(plain("softplus", "log(1 + exp(z))", "Smooth relative of relu.", softplus_link));
  all.push_back(entry("tanh", "[gain]", 0, 1, "tanh(gain z)",
                      "Saturates on both sides; gain is 1 unless given.", "tanh",
                      [](Parameters p) { return tanh_link(given(p, 0, 1)); }));
  all.push_back(
      plain("erf", "erf(z / sqrt 2)", "Turns z into a uniform law on [-1, 1].", erf_link));
  all.push_back(plain("sigmoid", "1 / (1 + exp(-z))", "Logistic: a probability.", sigmoid_link));
  all.push_back(entry("sin", "[w]", 0, 1, "sin(w z)",
                      "Bounded and odd; w is 1 unless given, and at most 100 in size.", "sin:3",
                      [](Parameters p) { return sin_link(given(p, 0, 1)); }));
  all.push_back(entry("cos", "[w]", 0, 1, "cos(w z)",
                      "Bounded and even; w is 1 unless given, and at most 100 in size.", "cos:2",
                      [](Parameters p) { return cos_link(given(p, 0, 1)); }));
  all.push_back(plain("sign", "sign(z)", "Two values only: labels are ties.", sign_link));
  all.push_back(plain("abs", "|z|", "Even, with a kink.", abs_link));
  all.push_back(entry("hermite", "k", 1, 1, "h_k(z)",
                      "Normalised Hermite polynomial, 0 <= k <= 64: information exponent k. From k "
                      "= 3 its tilted law needs a clip.",
                      "hermite:2", [](Parameters p) { return hermite_link(whole(p[0], "k")); }));
  all.push_back(entry("hermite_series", "c0[,c1,...]", 1, kMostOrder + 1, "sum of c_k h_k(z)",
                      "Any polynomial by its Hermite coefficients, up to order 64.",
                      "hermite_series:0,1,0,0.5",
                      [](Parameters p) { return hermite_series_link(p); }));
  all.push_back(
      entry("damped_hermite", "k[,g]", 1, 2, "h_k(z sqrt(1+2g)) exp(-g z^2)",
            "Bounded, smooth and of information exponent exactly k, 1 <= k <= 64; g is 0.25 unless "
            "given.",
            "damped_hermite:3",
            [](Parameters p) { return damped_hermite_link(whole(p[0], "k"), given(p, 1, 0.25)); }));
  all.push_back(plain("z2exp", "z^2 exp(-z^2)",
                      "Of generative exponent 4: no transform of its labels makes it easy.",
                      z2exp_link));
  all.push_back(entry("gaussian_bump", "[centre,width]", 0, 2, "exp(-(z-centre)^2 / (2 width^2))",
                      "A reward that is high in one place; 0,1 unless given.",
                      "gaussian_bump:1,0.5", [](Parameters p) {
                        if (p.size() == 1) {
                          throw UsageError(rejection("number of parameters", 1,
                                                     "gaussian_bump takes [centre,width]",
                                                     "for example gaussian_bump:1,0.5"));
                        }
                        return gaussian_bump_link(given(p, 0, 0), given(p, 1, 1));
                      }));
  return all;
}

}  // namespace

const std::vector<CatalogueEntry>& link_catalogue() {
  static const std::vector<CatalogueEntry> all = make_catalogue();
  return all;
}

}  // namespace esscher
