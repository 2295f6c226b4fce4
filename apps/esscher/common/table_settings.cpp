#include "table_settings.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/interactions.h"
#include "pair_settings.h"
#include "text.h"

namespace esscher::app {
namespace {

std::vector<double> read_betas(const Settings& settings, double sd) {
  const std::string& unit = settings["beta-unit"];
  if (unit != "reward" && unit != "sd") {
    throw UsageError(rejection("--beta-unit", unit, "must be reward or sd"));
  }
  const bool open = settings["beta"] == "auto";
  std::vector<double> betas =
      open ? automatic_temperatures() : parse_temperatures(settings["beta"], "--beta");
  if (open || unit == "sd") {
    for (double& beta : betas) beta *= sd;
  }
  return betas;
}

}  // namespace

double read_positive(const Settings& settings, const char* name, const char* choices) {
  const std::string field = Settings::field(name);
  try {
    const double value = parse_number(settings[name], field);
    require_temperature(value, field);
    return value;
  } catch (const UsageError&) {
    throw UsageError(
        rejection(field, settings[name], "must be a number " + temperature_limits() + choices));
  }
}

std::vector<std::string> read_exclusions(const std::string& list) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::string> parts = split_at_commas(list);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const std::string& before = parts[i - 1];
    if (part.empty() || !std::ranges::all_of(part, digit) || before.empty() ||
        !digit(before.back()) || before.find('=') == std::string::npos) {
      continue;
    }
    std::string given = before;
    given.append(",").append(part);
    std::string remedy = "write the number with a point, ";
    remedy.append(before).append(".").append(part);
    throw UsageError(rejection("--exclude", given,
                               "commas part the list, whatever the table's decimals have", remedy));
  }
  return parts;
}

int read_bootstrap(const Settings& settings) {
  const auto replicates =
      static_cast<int>(parse_integer(settings["bootstrap"], "--bootstrap", 0, 100'000));
  if (replicates == 0 || replicates >= 100) return replicates;
  throw UsageError(
      rejection("--bootstrap", settings["bootstrap"], "must be 0 or at least 100", "take 1000"));
}

double read_alpha(const Settings& settings) {
  const double alpha = parse_number(settings["alpha"], "--alpha");
  if (alpha > 0 && alpha <= 0.5) return alpha;
  throw UsageError(rejection("--alpha", settings["alpha"], "must lie in (0, 0.5]", "take 0.05"));
}

std::vector<double> read_best_of(const Settings& settings) {
  std::vector<double> numbers;
  if (settings["best-of"] == "auto") return numbers;
  for (const std::string& part : split_at_commas(settings["best-of"])) {
    const double n = parse_number(part, "--best-of");
    const double last = numbers.empty() ? 1 : numbers.back();
    if (!(n > last && n <= 1e15)) {
      throw UsageError(rejection("--best-of", part, "must be above 1, at most 1e15, and ascend",
                                 "for example 2,4,8"));
    }
    numbers.push_back(n);
  }
  return numbers;
}

Setting best_of_setting() {
  return {"best-of", "LIST", "auto",
          "candidates of best-of-n: a list 2,4,8; auto: 2, 4, 8, ... as far as it can be told"};
}

Setting target_setting() {
  return {"target", "VALUE", "",
          "names the policies that have a true mean of at least VALUE, in the unit of the gold "
          "reward: that any of them has not has a nominal chance of --alpha; not within groups, "
          "where the reward has no level"};
}

std::optional<double> read_target(const Settings& settings) {
  if (settings["target"].empty()) return std::nullopt;
  return parse_number(settings["target"], "--target");
}

std::vector<Setting> format_settings() {
  return {
      {"delimiter", "MARK", "auto",
       "between the fields of a text table: comma, tab, semicolon, pipe, space or any other mark; "
       "auto: whichever of the first four fits the first rows"},
      {"decimal", "MARK", "auto",
       "before decimals, . or , and then thousands may be parted, by the other of the two, a space "
       "or an apostrophe; auto: as most columns of the first rows have it"},
      {"missing", "LIST", "",
       "words for a missing number, beside nothing and " + internal::missing_words()},
      {"unpack-limit", "GB", "2", "a file compressed by gzip or zstd may unpack to so much"},
  };
}

TableFormat read_table_format(const std::vector<Setting>& settings) {
  const auto value = [&](std::string_view name) {
    const auto found = std::ranges::find(settings, name, &Setting::name);
    if (found == settings.end()) throw InternalError("no setting " + std::string(name));
    return found->value == "auto" ? std::string() : found->value;
  };
  TableFormat format;
  format.delimiter = value("delimiter");
  format.decimal = value("decimal");
  const double limit = parse_number(value("unpack-limit"), "--unpack-limit");
  if (!(limit > 0 && limit <= 1e9)) {
    throw UsageError(rejection("--unpack-limit", value("unpack-limit"),
                               "must be above 0 and at most 1e9, in GB"));
  }
  format.unpack_limit = static_cast<std::uint64_t>(limit * 1e9);
  if (!value("missing").empty()) format.missing = split_at_commas(value("missing"));
  return format;
}

std::vector<Setting> data_settings() {
  std::vector<Setting> settings{
      {"table", "FILE", "", "text table whose rows lie beside those of DATA, in the same order"},
      {"features", "LIST", "",
       "columns: names, globs (bert*), ranges (first:last), exclusions (!name); default: none "
       "where --one-hot or --wild-type is given, else all numeric columns of DATA that nothing "
       "else names, but for row numbers, splits, constants and functions of the reward; all: with "
       "these; name:vector takes several numbers in one cell"},
      {"one-hot", "LIST", "",
       "columns of text to expand: categories, or sequences of one length by position; "
       "name:category, name:sequence or name:mutations (A24G:T30S, p.Ala24Gly) decides"},
      {"wild-type", "SEQUENCE", "",
       "what mutations are those of: the sequence, or @FILE (FASTA or plain); columns of mutations "
       "are then found by themselves"},
      {"first-position", "N", "1", "the number of the wild type's first letter"},
      {"fold-case", "", "false", "reads sequences' lower case as upper case"},
      {"reward", "NAME", "",
       "the reward: a column of --table or DATA, a key of an npz or safetensors file (default "
       "there labels), or a 1-D npy file"},
      {"infeasible", "VALUE", "",
       "rewards of this value (=-inf, or a number such as -999) are learned as the lowest of the "
       "others"},
      {"group", "NAME", "", "whose candidates compete (a prompt): likewise"},
      {"cluster", "NAME", "",
       "what stands and falls together without competing (a family, a batch, an annotator): stays "
       "in one fold, and errors are over clusters: likewise"},
      {"fold", "NAME", "",
       "your own folds, each a value of this column: evaluate holds out one after the other, and "
       "folds inside a fit keep each whole; groups, clusters and rows of equal features must lie "
       "within one: likewise"},
      {"weight", "NAME", "", "prior importance of the rows, not negative: likewise"},
      {"embeddings-key", "KEY", "embeddings", "the features in an npz or safetensors file"},
      {"exclude", "LIST", "", "rows to drop: column=value, ..."},
      {"impute", "RULE", "none", "missing features: none (refused) or mean"},
      {"interactions", "ORDER", "1",
       "2 adds products of pairs of features, of different positions where they are one-hot"},
  };
  return joined(std::move(settings), format_settings());
}

std::vector<Setting> training_settings() {
  return {
      {"beta", "LIST", "auto",
       "deployment temperatures: a list 2,1,0.5, a range 0.1:2:log9, or auto: 4, and from 2 "
       "down to 1/16 in steps of 2^{1/2}, standard deviations of the reward"},
      {"beta-unit", "UNIT", "reward",
       "of --beta, --weight-temperature and --feature-temperature: reward, or sd (standard "
       "deviations of the reward, within groups)"},
      {"weights", "LIST", "auto",
       "readout weights: auto (a mean of equal, label and surrogate weights by held-out error "
       "where the policy goes, scaled to what labels bear out), uniform, label, surrogate"},
      {"weight-temperature", "BETA", "beta",
       "of label and surrogate weights: a number, or beta: the deployment temperature itself"},
      {"transform", "KIND", "standardise", "of the features: standardise, whiten or none"},
      {"reward-transform", "KIND", "none",
       "regress log1p, rank or clip:LO,HI (quantiles) of the rewards, for heavy tails; "
       "predictions, deployment temperatures and values keep the reward's unit"},
      {"rounds", "N", "12",
       "rounds of gradient products behind the features, at most; folds choose"},
      {"feature-temperature", "BETA1", "auto",
       "gradient products are weighted with e^{r/beta1}: a number, none for equal weights, or "
       "auto: one standard deviation of the reward"},
      {"landmarks", "M", "auto",
       "rows on which the features rest, at most; auto: 2048, from preferences 512"},
      {"loss", "KIND", "squared",
       "of the readout: squared (ridge regression), or preferences (Bradley-Terry on pairs within "
       "groups, the higher reward preferred)"},
      {"penalty", "RULE", "folds",
       "ridge penalty: folds (that of the least error on rows left out) for the uniform fit, times "
       "sqrt(n / ESS) in weighted ones; or a number for all"},
      {"folds", "K", "auto",
       "folds, with features and readouts of their own, by which all is chosen; auto: 5, 3 "
       "beyond 2048 rows, 2 beyond 8192"},
      {"no-ceiling", "", "false", "does not cut rewards off at the largest and the least one seen"},
      {"seed", "SEED", "1", "of all random numbers"},
      {"threads", "N", "0", "threads, 0 for all cores; results do not depend on it"},
  };
}

std::vector<Setting> evaluation_settings() {
  return {
      {"gold", "NAME", "",
       "a second reward that is only evaluated, and goes before --reward there"},
      {"evaluation-folds", "K", "5", "folds on which policies are evaluated; groups stay whole"},
      best_of_setting(),
      target_setting(),
      {"enumerated", "", "false",
       "the table is the whole reference (every variant), not a sample of it: values are exact but "
       "for "
       "the noise of labels, where it is told"},
      {"bootstrap", "N", "1000", "replicates behind the intervals; 0: normal theory"},
      {"alpha", "ALPHA", "0.05",
       "nominal chance that any gain lies outside its interval, of all temperatures and rewards "
       "among which the recommendation picks; as much again for best-of-n"},
      {"noise", "SD", "replicates",
       "standard deviation of the noise of one label, for efficiencies against noise-free rewards: "
       "a number, or as replicates tell"},
  };
}

std::vector<Setting> joined(std::vector<Setting> first, const std::vector<Setting>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

DatasetOptions read_dataset_options(const Settings& settings, const std::string& data) {
  DatasetOptions options;
  options.data = data;
  options.table = settings["table"];
  options.format = read_table_format(settings.table());
  options.features = settings["features"];
  options.one_hot = settings["one-hot"];
  options.wild_type = settings["wild-type"];
  constexpr long long kFarthest = 1'000'000'000;
  options.first_position =
      parse_integer(settings["first-position"], "--first-position", -kFarthest, kFarthest);
  if (options.wild_type.empty() && options.first_position != 1) {
    throw UsageError(rejection("--first-position", settings["first-position"],
                               "numbers the letters of a wild type", "give it by --wild-type"));
  }
  options.fold_case = settings.is_set("fold-case");
  // Who names text to expand means that text; other numbers beside it are as a rule other rewards.
  const bool text = !options.one_hot.empty() || !options.wild_type.empty();
  if (options.features.empty() && text) options.features = "none";
  options.reward = settings["reward"];
  options.infeasible = settings["infeasible"];
  options.group = settings["group"];
  options.cluster = settings["cluster"];
  options.fold = settings["fold"];
  options.weight = settings["weight"];
  options.chosen = settings["chosen"];
  options.rejected = settings["rejected"];
  options.margin = settings["margin"];
  options.tie = settings["tie"];
  options.embeddings_key = settings["embeddings-key"];
  if (!settings["exclude"].empty()) options.exclude = read_exclusions(settings["exclude"]);
  if (settings["impute"] != "none" && settings["impute"] != "mean") {
    throw UsageError(rejection("--impute", settings["impute"], "must be none or mean"));
  }
  options.impute_mean = settings["impute"] == "mean";
  const auto ends_with = [&](std::string_view end) { return data.ends_with(end); };
  if (options.reward.empty() && options.table.empty() && !names_pairs(settings) &&
      (ends_with(".npz") || ends_with(".safetensors"))) {
    options.reward = "labels";
  }
  return options;
}

int read_interactions(const Settings& settings) {
  return static_cast<int>(parse_integer(settings["interactions"], "--interactions", 1, 2));
}

std::shared_ptr<const FeatureRows> with_interactions(const Dataset& dataset, int order) {
  if (order == 1) return dataset.features;
  return std::make_shared<PairInteractions>(dataset.features, dataset.encoding.blocks(),
                                            dataset.feature_names);
}

LoadedTable load_table(const Settings& settings, const std::string& data) {
  DatasetOptions options = read_dataset_options(settings, data);
  for (const Setting& setting : settings.table()) {
    if (setting.name == "gold") options.gold = setting.value;
  }
  if (settings.config() == "-" && (data == kStandardInput || options.table == kStandardInput)) {
    throw UsageError(rejection("--config", "-", "standard input is a table already",
                               "keep one of the two in a file"));
  }
  if (options.data.empty() && !names_pairs(settings)) {
    throw UsageError("DATA: missing; name the features' file");
  }
  if (options.reward.empty() && !names_pairs(settings)) {
    throw UsageError(
        "--reward: missing; name the column or file of the reward, for example "
        "--reward y");
  }
  LoadedTable loaded{load_dataset(options), nullptr, {}};
  loaded.features = with_interactions(loaded.dataset, read_interactions(settings));
  const auto* pairs = dynamic_cast<const PairInteractions*>(loaded.features.get());
  loaded.names = pairs == nullptr ? loaded.dataset.feature_names : pairs->names();
  return loaded;
}

std::vector<ColumnBlock> column_blocks(const FeatureEncoding& encoding) {
  using Kind = EncodedColumn::Kind;
  std::vector<ColumnBlock> blocks;
  std::size_t feature = 0;
  for (const EncodedColumn& column : encoding.columns) {
    const std::size_t width = column.width();
    if (column.kind == Kind::vector) {
      for (std::size_t i = 0; i < width; ++i) {
        blocks.push_back({column.name + "[" + std::to_string(i) + "]", feature + i});
      }
    } else if (column.kind != Kind::sequence && width > 0) {
      blocks.push_back({column.name, feature, width});
    }
    feature += width;
  }
  return blocks;
}

TrainingOptions read_training(const Settings& settings, double sd) {
  TrainingOptions options;
  options.deployment_temperatures = read_betas(settings, sd);
  const double unit = settings["beta-unit"] == "sd" ? sd : 1;
  options.weights.clear();
  for (const std::string& name : split_at_commas(settings["weights"])) {
    options.weights.push_back(parse_fit_weights(name, "--weights"));
  }
  if (settings["weight-temperature"] != "beta") {
    const auto takes_one = [](FitWeights weights) {
      return weights == FitWeights::label || weights == FitWeights::surrogate;
    };
    if (std::ranges::none_of(options.weights, takes_one)) {
      throw UsageError(rejection("--weight-temperature", settings["weight-temperature"],
                                 "is for label and surrogate weights only",
                                 "leave it out, or take --weights surrogate"));
    }
    options.weight_temperature = unit * read_positive(settings, "weight-temperature", ", or beta");
  }
  options.transform = parse_transform(settings["transform"]);
  options.reward_transform = parse_reward_transform(settings["reward-transform"]);
  options.most_rounds = static_cast<int>(parse_integer(settings["rounds"], "--rounds", 0, 20));
  if (settings["landmarks"] != "auto") {
    options.landmarks = parse_count(settings["landmarks"], "--landmarks", 2, 16384);
  }
  const std::string& temperature = settings["feature-temperature"];
  if (temperature == "none") {
    options.feature_temperature = std::numeric_limits<double>::infinity();
  } else if (temperature != "auto") {
    options.feature_temperature =
        unit * read_positive(settings, "feature-temperature", ", none or auto");
  }
  options.loss = parse_readout_loss(settings["loss"]);
  if (settings["penalty"] != "folds") {
    options.ridge.rule = PenaltyRule::fixed;
    options.ridge.penalty = read_positive(settings, "penalty", ", or folds");
  }
  if (settings["folds"] != "auto") {
    options.folds = static_cast<int>(parse_integer(settings["folds"], "--folds", 2, 20));
  }
  options.ceiling = !settings.is_set("no-ceiling");
  options.seed = parse_count(settings["seed"], "--seed", 0);
  options.threads = static_cast<int>(parse_integer(settings["threads"], "--threads", 0, 1024));
  return options;
}

}  // namespace esscher::app
