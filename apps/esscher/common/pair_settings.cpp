#include "pair_settings.h"

#include "esscher/base/error.h"

namespace esscher::app {

std::vector<Setting> pair_settings() {
  return {
      {"chosen", "NAME", "",
       "the preferred side of pairs, instead of --reward and --group: an npy file, a key of an npz "
       "or safetensors file, or the beginning of columns (chosen_: chosen_x and rejected_x give "
       "feature x)"},
      {"rejected", "NAME", "", "the other side, likewise"},
      {"margin", "NAME", "",
       "strength m >= 0 of each pair, the log-odds of the same preference again: the chosen side "
       "counts as winning a share 1/(1+e^-m), so that 0 is a tie (column, key or npy file; "
       "default: every win is sure)"},
      {"tie", "NAME", "",
       "1 where a pair is a tie, half a win each way, and 0 where it is none: likewise"},
  };
}

bool names_pairs(const Settings& settings) {
  return !settings["chosen"].empty() || !settings["rejected"].empty();
}

void settle_pairs(Settings& settings) {
  if (!names_pairs(settings)) return;
  bool loss_given = false;
  bool weights_given = false;
  for (const Setting& setting : settings.table()) {
    if (setting.name == "loss") loss_given = setting.given;
    if (setting.name == "weights") weights_given = setting.given;
    if (setting.name == "enumerated" && settings.is_set("enumerated")) {
      throw UsageError("--enumerated: pairs have no reward to value a policy by; leave it out");
    }
  }
  for (const char* name : {"best-of", "bootstrap", "alpha", "noise"}) {
    if (!settings.is_changed(name)) continue;
    throw UsageError(rejection(Settings::field(name), settings[name],
                               "pairs have no reward to value a policy by", "leave it out"));
  }
  if (settings["beta-unit"] == "sd") {
    throw UsageError(rejection("--beta-unit", "sd",
                               "pairs have no reward whose standard deviation could be a unit",
                               "give --beta in log-odds"));
  }
  if (!loss_given) settings.assign("loss", "preferences", "pairs");
  if (!weights_given) settings.assign("weights", "uniform", "pairs");
  // Equal weights are the same reward at every temperature.
  if (settings["beta"] == "auto") settings.assign("beta", "1", "pairs");
}

std::string pair_unit_text() {
  return "unit of the reward: log-odds of a preference; a row that is ahead by 1 is preferred with "
         "probability 0.73, by 2 with 0.88, and the policy e^{r/beta} at beta = 1 takes the two of "
         "a pair as often as they are preferred";
}

}  // namespace esscher::app
