#pragma once

/// \file
/// Policies by self-normalised importance sampling.

#include <span>
#include <vector>

#include "esscher/policy/policy_value.h"
#include "esscher/theory/tilted_law.h"
#include "policy/layer_features.h"

namespace esscher::internal {

/// A case with what is known of the best policy at its temperature.
struct KnownCase {
  PolicyCase readout;
  TiltedLaw optimal;
};

/// All cases from the same draws. z comes from an equal mixture of N(0, 1), a wider law and the
/// optimal policies of all the cases' temperatures (direction_proposal.h, and lattice_proposal.h
/// for several hidden coordinates), the other coordinates from N(0, I); weights are relative to
/// that mixture (the balance heuristic).
///
/// The quantiles of z are stratified, two draws to each of N / 2 equal strata: what z alone decides
/// carries next to no error then, and the two draws of a stratum, independent and alike, tell its
/// variance without bias. All estimates are functions of three weighted means over the same draws
/// (under pi_0, the optimal policy and the learned one); their standard errors come from the
/// influence functions.
///
/// With p and q the normalised weights of the learned and another policy on the draws and
/// x = log(p / q), KL is the mean under q of x e^x - e^x + 1, so that it is never negative and
/// keeps its digits where the tilt is weak.
///
/// No results where it was cancelled.
/// Cost: N (k m + m cases) multiply-adds, N m activations, N cases exponentials.
std::vector<PolicyValue> evaluate_by_importance(const LayerFeatures& layer,
                                                std::span<const KnownCase> cases,
                                                const MultiLink& reward,
                                                const PolicyOptions& options);

}  // namespace esscher::internal
