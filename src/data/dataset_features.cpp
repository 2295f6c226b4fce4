#include "dataset_features.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "column_advice.h"
#include "column_screening.h"
#include "encoding_remarks.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher::internal {
namespace {

using Kind = EncodedColumn::Kind;

/// What a column that knows much of the rewards does alone; empty where it does not.
std::string suspicion(std::span<const double> values, std::span<const double> rewards,
                      std::span<const std::uint32_t> groups) {
  const double r = strongest_correlation(values, rewards, groups);
  if (std::abs(r) >= kSuspiciousCorrelation) {
    return "has a correlation of " + number_text(r, 2) + " with the reward" +
           (groups.empty() ? "" : " within groups");
  }
  if (!groups.empty() && order_within(values, rewards, groups) != OrderWithin::none) {
    return "tells the order of the rewards, or bins of it, within groups without an exception";
  }
  if (groups.empty() || !is_coarse(rewards)) return "";
  const double share = ordered_share(values, rewards, groups);
  const bool falls = share < 0.5;
  if (std::max(share, 1 - share) < kSuspiciousShare) return "";
  return std::string("is ") + (falls ? "less" : "greater") + " on the better side of " +
         number_text(100 * (falls ? 1 - share : share), 3) + " % of the pairs";
}

}  // namespace

void DatasetFeatures::add() {
  for (Column& column : columns_) {
    if (column.levels) {
      column.levels->add(tables_);
    } else if (column.vector) {
      column.vector->add(tables_);
    } else if (column.text) {
      column.text->add(tables_.text(*candidate(column).cell));
    } else if (candidate(column).cell && column.left_out.empty()) {
      add_number(column);
    }
  }
}

bool DatasetFeatures::known() const {
  return std::ranges::all_of(columns_, [&](const Column& column) {
    return !column.levels || column.levels->known(tables_);
  });
}

void DatasetFeatures::add_number(Column& column) const {
  const TableColumn at = *candidate(column).cell;
  const std::string_view text = tables_.text(at);
  double value = 0;
  const CsvNumber found = tables_.read(at, value);
  const NumberFormat& numbers = tables_.numbers(at);
  double turned = 0;
  // What only another decimal mark makes a number is refused below; of numbers alone that blanks
  // part, nothing tells that they are one.
  const bool is_list = found == CsvNumber::grouped && holds_blank(text) &&
                       numbers.thousands.empty() && column.values.size() == column.missing;
  const bool is_text = found == CsvNumber::text && (!numbers.reads_turned(text, turned) ||
                                                    (numbers.fixed && holds_blank(text)));
  if (by_default_ && (is_text || is_list)) {
    column.left_out =
        "in row " + std::to_string(tables_.rows()) + " it has " + in_quotes(text) + ", no number";
    column.text = std::make_unique<TextSurvey>(column.values.size() - column.missing, numbers);
    column.text->add(text);
    column.values = {};
    return;
  }
  if (found == CsvNumber::text && by_default_) {
    tables_.refuse(at, numbers.refusal(text) + ", or leave the column out by " +
                           leaving_out(tables_.name(at)));
  }
  if (found != CsvNumber::number) {
    value = tables_.number(at);  // NaN, or throws
    if (column.missing++ == 0) column.first_missing = tables_.rows();
    if (column.missing_text.empty()) column.missing_text = text;
  }
  column.values.push_back(value);
}

bool DatasetFeatures::screen(Dataset& out) {
  const auto numeric = [&](const Column& column) {
    return is_number(column) && column.left_out.empty();
  };
  std::vector<Column*> screened;
  for (Column& column : columns_) {
    if (!numeric(column)) continue;
    column.left_out = index_or_split(candidate(column).name, column.values, out.rewards);
    if (!column.left_out.empty()) screened.push_back(&column);
  }
  if (std::ranges::none_of(columns_, [](const Column& c) { return c.left_out.empty(); })) {
    // Rather what looks wrong than nothing.
    for (Column* column : screened) {
      if (column->left_out == "it never varies") continue;
      out.remarks.push_back("Column " + in_quotes(candidate(*column).name) +
                            " is taken, since there is no other: " + column->left_out + ".");
      column->left_out.clear();
    }
  }
  const auto any_left_out = [&] {
    return std::ranges::any_of(screened, [](const Column* c) { return !c->left_out.empty(); });
  };
  if (out.rewards.empty()) return any_left_out();
  // Infeasible rewards, as the lowest, tell nothing of what a column knows of the others.
  const double lowest = std::ranges::min(out.rewards);
  const auto judged = [&](const Column& column) {
    std::vector<double> values = column.values;
    for (std::size_t i = 0; infeasible_ && i < values.size(); ++i) {
      if (out.rewards[i] == lowest) values[i] = std::numeric_limits<double>::quiet_NaN();
    }
    return values;
  };
  // Where nothing else is there, a column that tells the reward is what there is to learn from.
  std::vector<std::pair<Column*, std::string>> telling;
  bool others = false;
  for (Column& column : columns_) {
    const bool tells = numeric(column) && tells_order(judged(column), out.rewards);
    const bool within = numeric(column) && !tells && !out.groups.empty() &&
                        order_within(judged(column), out.rewards, out.groups) == OrderWithin::told;
    if (tells || within) telling.emplace_back(&column, within ? " within groups" : "");
    others = others || (!tells && !within && column.left_out.empty());
  }
  for (const auto& [column, where] : telling) {
    const std::string tells =
        "it tells the rewards' order, or bins of it," + where + " without an exception";
    if (others) {
      column->left_out = tells;
      screened.push_back(column);
    } else {
      out.remarks.push_back("Column " + in_quotes(candidate(*column).name) + ": " + tells +
                            "; is it known when a candidate is chosen?");
    }
  }
  for (const Column& column : columns_) {
    if (!numeric(column) || (!others && !telling.empty())) continue;
    const std::string knows = suspicion(judged(column), out.rewards, out.groups);
    if (knows.empty()) continue;
    const std::string& name = candidate(column).name;
    out.remarks.push_back("Column " + in_quotes(name) + " alone " + knows +
                          ": is it known when a candidate is chosen? Leave it out by " +
                          leaving_out(name) + " if not.");
  }
  return any_left_out();
}

void DatasetFeatures::drop_left_out(Dataset& out) {
  for (Column& column : columns_) {
    if (by_default_ && is_number(column) && column.left_out.empty() &&
        column.missing == column.values.size()) {
      // Empty cells are no feature; numbers that went wrong on their way here may be meant as one.
      if (!column.missing_text.empty()) {
        throw DataError(tables_.files() + ": column " + in_quotes(candidate(column).name) +
                        ": no number in any row, but " + in_quotes(column.missing_text) +
                        "; mend it, or leave it out with " + leaving_out(candidate(column).name));
      }
      column.left_out = "it has no value";
    }
  }
  const bool screened = screened_ && screen(out);
  std::string first;
  std::string use;  // of the first text
  for (const Column& column : columns_) {
    if (column.left_out.empty()) continue;
    const std::string& name = candidate(column).name;
    if (column.text && column.text->is_text()) {
      const std::string advice = column.text->advice(name);
      out.remarks.push_back(in_quotes(name) + " (text, " + in_quotes(column.text->example()) +
                            ") is left out: " + advice + ".");
      if (use.empty() && advice.starts_with("--")) use = advice;
    } else {
      out.remarks.push_back("Column " + in_quotes(name) +
                            " is not among the features taken by default: " + column.left_out +
                            ".");
    }
    if (first.empty()) first = in_quotes(name) + ": " + column.left_out;
  }
  std::erase_if(columns_, [](const Column& column) { return !column.left_out.empty(); });
  if (columns_.empty()) {
    throw UsageError(screened
                         ? rejection("--features", in_quotes(pattern_),
                                     "leaves out all columns (" + first + ")",
                                     "name those to use, or take them all by --features all")
                         : rejection("--features", in_quotes(pattern_),
                                     "no column that is free to be a feature holds numbers",
                                     use.empty() ? "expand columns of text by --one-hot" : use));
  }
  if (!by_default_) return;
  std::vector<std::string> taken;
  for (const Column& column : columns_) {
    if (is_number(column)) taken.push_back(candidate(column).name);
  }
  if (!taken.empty()) {
    out.remarks.push_back("Numeric features, by default: " + list_in_quotes(taken) +
                          "; --features chooses others" +
                          (screened ? ", and all takes what is left out." : "."));
  }
}

/// Leaves out the columns that were tried for mutations and hold none, or those of another sequence
/// where one holds the wild type's.
void DatasetFeatures::drop_misfits(Dataset& out) {
  std::string why;  // of the column that came nearest
  std::size_t most = 0;
  const auto is_misfit = [&](const Column& column) {
    const std::string misfit = column.tried ? column.levels->misfit() : "";
    if (!misfit.empty() && column.levels->fitting_rows() > most) {
      most = column.levels->fitting_rows();
      why = " (" + in_quotes(candidate(column).name) + ": " + misfit + ")";
    }
    return !misfit.empty();
  };
  std::erase_if(columns_, is_misfit);
  const bool any_fits = std::ranges::any_of(columns_, [](const Column& column) {
    return column.tried && column.levels->unlike().empty();
  });
  std::erase_if(columns_, [&](const Column& column) {
    const std::string unlike = column.tried && any_fits ? column.levels->unlike() : "";
    if (unlike.empty()) return false;
    out.remarks.push_back(in_quotes(candidate(column).name) +
                          " is not read as mutations, which another column holds: " + unlike + ".");
    return true;
  });
  if (!tried_ || std::ranges::any_of(columns_, &Column::tried)) return;
  throw UsageError(rejection("--wild-type", shown(wild_type_),
                             "no column holds mutations such as A24G:T30S in every row" + why,
                             "mend it, or name the column with --one-hot 'NAME:mutations'"));
}

void DatasetFeatures::finish(Dataset& out) {
  if (recorded_ == nullptr) {
    drop_misfits(out);
    drop_left_out(out);
  }
  out.encoding = recorded_ != nullptr ? *recorded_ : FeatureEncoding{};
  // First the columns, which fix the width.
  std::vector<BlockLevels> blocks(columns_.size());
  std::vector<EncodedColumn> encoded;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string& name = candidate(columns_[i]).name;
    encoded.push_back(columns_[i].levels   ? columns_[i].levels->finish(blocks[i])
                      : columns_[i].vector ? columns_[i].vector->encoded(name)
                                           : EncodedColumn{name});
  }
  if (recorded_ == nullptr) {
    out.encoding.columns = encoded;
    if (array_) out.encoding.array_columns = array_->columns();
    if (impute_) {
      out.encoding.impute_means.resize(static_cast<std::size_t>(
          std::ranges::count(encoded, Kind::numeric, &EncodedColumn::kind)));
    }
  }
  const std::size_t width = out.encoding.width();
  if (width == 0) {
    throw DataError(tables_.files() +
                    ": no symbol of the sequences ever varies: no feature is left");
  }
  auto rows = std::make_shared<DatasetRows>(out.source_rows.size(), width);
  std::vector<std::size_t> array_columns;
  std::vector<std::size_t> array_features;
  std::vector<std::size_t> array_numeric;
  std::size_t feature = 0;
  std::size_t numeric = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (column.levels || column.vector) {
      for (std::size_t k = 0; column.vector && k < encoded[i].length; ++k) {
        rows->add(HeldNumbers{feature + k, column.vector->component(k)});
      }
      add_blocks(encoded[i], std::move(blocks[i]), feature, *rows, out);
    } else if (candidate(column).cell) {
      finish_numbers(column, numeric++, out);
      rows->add(HeldNumbers{feature, std::move(column.values)});
    } else {
      array_columns.push_back(candidate(column).array_column);
      array_features.push_back(feature);
      array_numeric.push_back(numeric++);
    }
    feature += encoded[i].width();
  }
  if (!array_columns.empty()) {
    ArrayColumns array{*array_, std::move(array_columns), std::move(array_features)};
    rows->set(finish_array(std::move(array), array_numeric, out));
  }
  out.feature_names = out.encoding.feature_names();
  out.column_names = names();
  out.features = std::move(rows);
}

/// One-hot blocks go to `rows`, from `feature` on.
void DatasetFeatures::add_blocks(const EncodedColumn& column, BlockLevels blocks,
                                 std::size_t feature, DatasetRows& rows, Dataset& out) const {
  std::vector<std::size_t> widths;
  if (column.kind == Kind::category) {
    widths.push_back(column.levels.size());
  } else {
    for (const auto& symbols : column.position_levels) {
      if (symbols.size() > 1) widths.push_back(symbols.size());
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    rows.add(HeldLevels{feature, widths[i], std::move(blocks[i])});
    feature += widths[i];
  }
  if (recorded_ == nullptr) {
    for (std::string& remark : encoding_remarks(column, out.source_rows.size())) {
      out.remarks.push_back(std::move(remark));
    }
  }
}

void DatasetFeatures::finish_numbers(Column& column, std::size_t numeric, Dataset& out) const {
  const std::string& name = candidate(column).name;
  const std::string where = tables_.file(*candidate(column).cell) + ": ";
  if (column.missing > 0 && !impute_) {
    throw DataError(where + "row " + std::to_string(column.first_missing) + ", column " +
                    shown(name) + ": missing, " + counted(column.missing, "row") +
                    " in all; remove them" +
                    (advises_impute_ ? ", or fit with --impute mean" : "") +
                    (by_default_ ? ", or leave the column out by " + leaving_out(name) : ""));
  }
  if (impute_) {
    double mean = 0;
    if (recorded_ != nullptr) {
      mean = recorded_->impute_means[numeric];
    } else {
      if (column.missing == column.values.size()) {
        throw DataError(where + "column " + shown(name) +
                        ": no row kept has a value; leave the column out with --features");
      }
      CompensatedSum sum;
      for (const double value : column.values) {
        if (!std::isnan(value)) sum.add(value);
      }
      mean = sum.value() / static_cast<double>(column.values.size() - column.missing);
      out.encoding.impute_means[numeric] = mean;
    }
    if (!std::isfinite(mean))
      throw DataError(where + "column " + shown(name) + ": its mean overflows");
    std::ranges::replace_if(
        column.values, [](double value) { return std::isnan(value); }, mean);
    if (column.missing > 0) {
      out.remarks.push_back("Column " + in_quotes(name) + ": " +
                            counted(column.missing, "missing value") + " imputed by the mean, " +
                            number_text(mean, 6) + ".");
    }
  }
  const auto [least, most] = std::ranges::minmax(column.values);
  if (recorded_ == nullptr && least == most && column.values.size() > 1) {
    out.remarks.push_back("Column " + in_quotes(name) + " never varies: " + number_text(least) +
                          " in all rows.");
  }
}

/// The array's columns, with means for missing values where those are wanted.
ArrayColumns DatasetFeatures::finish_array(ArrayColumns array,
                                           const std::vector<std::size_t>& numeric,
                                           Dataset& out) const {
  array.file_rows = out.source_rows;
  array.rejected = rejected_;
  array.advises_impute = advises_impute_;
  if (!impute_) return array;
  if (recorded_ != nullptr) {
    for (const std::size_t i : numeric) array.means.push_back(recorded_->impute_means[i]);
    return array;
  }
  ArrayMeans found = array_means(array);
  std::uint64_t missing = 0;
  for (std::size_t j = 0; j < numeric.size(); ++j) {
    out.encoding.impute_means[numeric[j]] = found.means[j];
    missing += found.missing[j];
  }
  if (missing > 0) {
    out.remarks.push_back(array.array.name() + ": " + counted(missing, "missing value") +
                          " imputed by the columns' means.");
  }
  array.means = std::move(found.means);
  return array;
}

}  // namespace esscher::internal
