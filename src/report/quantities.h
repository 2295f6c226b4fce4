#pragma once

/// What quantities are called on axes and in tables, with their units: once.
namespace esscher::internal::quantity {

inline constexpr char kKl[] = "KL from the reference policy (nats)";
inline constexpr char kBeta[] = "deployment temperature \u03b2 (unit of the reward)";
inline constexpr char kBetaSd[] = "\u03b2 / standard deviation of the reward";
inline constexpr char kFeatureBeta[] = "feature temperature \u03b2\u2081 (unit of the reward)";
inline constexpr char kReward[] = "mean reward (unit of the reward)";
inline constexpr char kRise[] = "rise of the reward over the reference (its unit)";
inline constexpr char kGain[] = "gain J \u2212 J(reference)";
inline constexpr char kEfficiency[] = "efficiency (1 is optimal)";
inline constexpr char kEss[] = "effective rows";
inline constexpr char kOverlap[] = "|overlap| with the hidden direction";
inline constexpr char kSamples[] = "samples seen";
inline constexpr char kShare[] = "share of E |grad r|\u00b2";

/// What is shown of an efficiency, or of a share of variance, at least: less says nothing.
inline constexpr double kShareLength = 0.1;

}  // namespace esscher::internal::quantity
