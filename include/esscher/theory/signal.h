#pragma once

/// \file
/// What exponential weighting does to the Hermite signal of a label (mathematics, section 3).

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "esscher/model/single_index.h"

namespace esscher {

/// Label transforms T_s(y) that stage 1 sees, s = 1/beta1:
/// - exp: e^{sy};
/// - label_exp: y e^{sy}, the negative gradient of the weighted squared loss of a small network;
/// - centred: (y - c) e^{sy} with c = E[Y e^{sY}] / E e^{sY}, the weighted mean of the label.
enum class LabelTransform { exp, label_exp, centred };

inline constexpr std::array<LabelTransform, 3> kLabelTransforms{
    LabelTransform::exp, LabelTransform::label_exp, LabelTransform::centred};

/// "exp", "label_exp", "centred".
std::string_view transform_name(LabelTransform transform);

/// Signal of one transform at one inverse temperature.
struct TransformSignal {
  /// C_k(s) e^{-log_scale} for k = 0..K, C_k(s) = E[T_s(Y) h_k(Z)]. For exp it is the tilted mean
  /// of h_k, for label_exp that of Y h_k, for centred the tilted covariance of Y and h_k.
  std::vector<double> scaled;
  std::vector<double> errors;  ///< estimated absolute errors of scaled
  /// log E T_s(Y)^2; empty where that is infinite (it needs the moment at 2s), or lost in rounding
  /// (centred, where the tilt leaves nothing but the highest reward).
  std::optional<double> log_second_moment;
  /// Signal-to-noise rho_k(s) = C_k(s) / sqrt(E T_s^2), k = 0..K: |rho_k| <= lambda_k. Empty where
  /// the second moment is.
  std::vector<double> signal_to_noise;
};

struct TiltedSignal {
  double inverse_temperature = 0;  ///< s
  double log_scale = 0;            ///< log E e^{sY}, noise included
  double lower = 0;                ///< the part of the line that carries the tilted law's mass
  double upper = 0;
  std::array<TransformSignal, 3> transforms;

  const TransformSignal& operator[](LabelTransform transform) const {
    return transforms[static_cast<std::size_t>(transform)];
  }
  /// C_k(s) itself; +-infinity where it does not fit into a double.
  double signal(LabelTransform transform, int order) const;
};

/// Signals of orders 0..max_order of all three transforms at s >= 0 (s = 0: no weighting).
/// \throws UsageError where s is negative or not finite, max_order < 0, or E e^{s f} is infinite.
/// Cost: three adaptive integrations, about 0.3 ms for a built-in link at max_order 12.
TiltedSignal tilted_signal(const SingleIndexModel& model, double s, int max_order);

}  // namespace esscher
