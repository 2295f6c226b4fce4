#pragma once

/// \file
/// Options of the commands that read tables, where these state preferences as pairs.

#include <string>
#include <vector>

#include "esscher/data/preference_counts.h"
#include "settings.h"

namespace esscher::app {

/// Where the sides of pairs are, and what is known of each pair.
std::vector<Setting> pair_settings();

/// Whether --chosen or --rejected is given.
bool names_pairs(const Settings& settings);

/// Settles for pairs what nobody gave: the loss, equal weights, one temperature. To be called once,
/// behind Settings::resolve(). Does nothing where there are no pairs.
/// \throws UsageError for options that need a reward
void settle_pairs(Settings& settings);

/// What the learned reward is measured in, a sentence.
std::string pair_unit_text();

}  // namespace esscher::app
