#include <algorithm>
#include <cmath>
#include <optional>

#include "report/page.h"
#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kShownColumns = 20;
/// So small a share of variance explained is none.
constexpr double kNothing = 0.02;

struct ColumnShare {
  std::string name;
  double share = 0;
};

/// A column that is a letter at a position of a sequence, "seq[3]=A".
struct Letter {
  std::string sequence;
  int position = 0;
  std::string letter;
};

std::optional<Letter> letter_of(const std::string& name) {
  const std::size_t close = name.rfind("]=");
  const std::size_t open = close == std::string::npos ? close : name.rfind('[', close);
  if (open == std::string::npos || open + 1 == close || close - open > 8) return std::nullopt;
  const std::string digits = name.substr(open + 1, close - open - 1);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return Letter{name.substr(0, open), std::stoi(digits), name.substr(close + 2)};
}

std::vector<ColumnShare> shares_of(Reader record) {
  std::vector<ColumnShare> shares;
  const Reader names = record["importance"]["names"];
  const Reader columns = record["importance"]["columns"];
  for (std::size_t i = 0; i < std::min(names.size(), columns.size()); ++i) {
    shares.push_back({names[i].text(), columns[i].number_or(0)});
  }
  return shares;
}

std::string importance_caption() {
  return "Shares of the learned reward's average squared gradient, in standardised columns, "
         "weighted to where the policy goes. They say on what the reward turns, not which way, "
         "and carry no error estimate.";
}

/// Letters by positions, where all columns are such of one sequence.
Chart letter_chart(const std::vector<ColumnShare>& shares) {
  Chart chart{.id = "importance",
              .title = "",
              .caption = importance_caption(),
              .kind = ChartKind::heat_map,
              .x = {"position"},
              .y = {"letter"}};
  struct Cell {
    Letter letter;
    double share;
  };
  std::vector<Cell> cells;
  for (const ColumnShare& column : shares) {
    const auto letter = letter_of(column.name);
    if (!letter || (!cells.empty() && letter->sequence != cells[0].letter.sequence)) return chart;
    cells.push_back({*letter, column.share});
  }
  std::ranges::sort(cells, [](const Cell& a, const Cell& b) {
    return std::pair(a.letter.letter, a.letter.position) <
           std::pair(b.letter.letter, b.letter.position);
  });
  std::vector<double> by_position;
  for (const Cell& cell : cells) {
    const auto place = static_cast<std::size_t>(cell.letter.position);
    if (by_position.size() <= place) by_position.resize(place + 1);
    by_position[place] += cell.share;
    chart.bars.push_back({cell.letter.letter, cell.share, std::to_string(place)});
  }
  for (std::size_t place = 1; place < by_position.size(); ++place) {
    chart.columns.push_back(std::to_string(place));
  }
  if (cells.empty()) return chart;
  const auto most = std::ranges::max_element(by_position);
  const auto top = std::ranges::max_element(cells, {}, &Cell::share);
  chart.title = "Position " + std::to_string(most - by_position.begin()) + " carries " +
                shown_share(*most) + " of the reward's gradient; the leading letter is " +
                top->letter.letter + " at " + std::to_string(top->letter.position);
  return chart;
}

Chart column_chart(std::vector<ColumnShare> shares) {
  Chart chart{.id = "importance",
              .title = "",
              .caption = importance_caption(),
              .kind = ChartKind::bars,
              .x = {quantity::kShare},
              .y = {""}};
  std::ranges::stable_sort(shares, std::ranges::greater{}, &ColumnShare::share);
  double told = 0;
  for (std::size_t i = 0; i < std::min(shares.size(), kShownColumns); ++i) {
    if (shares[i].share <= 0) break;
    told += shares[i].share;
    chart.bars.push_back({shares[i].name, shares[i].share});
  }
  if (chart.bars.empty()) return chart;
  if (chart.bars.size() < shares.size()) {
    chart.caption += " The first " + std::to_string(chart.bars.size()) + " of " +
                     shown_count(static_cast<double>(shares.size())) + " columns, " +
                     shown_share(told) + " of it all.";
  }
  chart.title = "The reward turns most on " + shares[0].name + ": " + shown_share(shares[0].share) +
                " of its gradient";
  return chart;
}

Chart direction_chart(Reader record) {
  Chart chart{.id = "directions",
              .title = "",
              .caption =
                  "Eigenvalues of the average gradient outer product, as shares of their "
                  "sum: in how many directions the reward turns.",
              .kind = ChartKind::bars,
              .x = {quantity::kShare},
              .y = {"direction"}};
  const std::vector<double> shares = record["importance"]["directions"].numbers();
  double sum = 0;
  std::size_t needed = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool told = i < 3 || shares[i] >= 0.001;
    if (sum < 0.95) ++needed;
    sum += shares[i];
    if (i < 10 && told) chart.bars.push_back({std::to_string(i + 1), shares[i]});
  }
  if (!shares.empty()) {
    chart.title = needed == 1
                      ? "One direction carries " + shown_share(shares[0]) + " of the gradient"
                      : std::to_string(needed) + " directions carry 95 % of the gradient";
  }
  return chart;
}

/// Variance explained on rows left out, by rounds.
ChartSeries rounds_series(Reader record) {
  ChartSeries series{.name = "rows not seen", .x = {}, .y = {}};
  for (std::size_t i = 0; i < record["rounds"].size(); ++i) {
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(1 - record["rounds"][i]["error"].value());
  }
  return series;
}

Chart rounds_chart(Reader record) {
  ChartSeries series = rounds_series(record);
  Chart chart{.id = "rounds",
              .title = "",
              .caption =
                  "Share of the reward's variance that the learned metric's kernel explains "
                  "of rows left out, by rounds of gradient products; round 0 has the plain "
                  "metric. The round with the most is taken.",
              .x = {.title = "round", .whole = true},
              .y = {.title = "R\u00b2 on rows not seen", .least_length = quantity::kShareLength},
              .rules = {{0, "explains nothing", true}}};
  const double chosen = record["chosen_round"].value();
  if (!series.y.empty() && chosen < static_cast<double>(series.y.size())) {
    const double best = series.y[static_cast<std::size_t>(chosen)];
    // Less than folds can tell apart.
    const bool alike = chosen == 0 || best - series.y[0] < 0.01;
    chart.title = alike ? "Learned directions predict no better than the plain metric: R\u00b2 " +
                              shown(best, 2) + " on rows not seen"
                        : "Learned directions raise R\u00b2 from " + shown(series.y[0], 2) +
                              " to " + shown(best, 2) + " on rows not seen";
    chart.rules.push_back({chosen, "chosen"});
  }
  if (series.y.size() > 1) chart.series.push_back(std::move(series));
  return chart;
}

Chart weights_chart(Reader record) {
  Chart chart{.id = "weights",
              .title = "",
              .caption =
                  "Effective sample size of the weights that each readout was fitted with; "
                  "equal weights have all rows.",
              .x = {quantity::kBeta, AxisScale::log, true},
              .y = {quantity::kEss, AxisScale::log}};
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < record["deployments"].size(); ++i) {
    const Reader deployment = record["deployments"][i];
    const std::string name = deployment["weights"].text();
    if (std::ranges::find(chart.series, name, &ChartSeries::name) == chart.series.end()) {
      chart.series.push_back({.name = name, .x = {}, .y = {}});
    }
    ChartSeries& series = *std::ranges::find(chart.series, name, &ChartSeries::name);
    series.x.push_back(deployment["beta"].value());
    series.y.push_back(deployment["ess"].value());
    series.notes.push_back(deployment["reason"].text());
    if (deployment["ess"].number()) least = std::min(least, deployment["ess"].value());
  }
  const double rows = record["rows"].value();
  chart.title = "Every readout rests on at least " + shown_count(least) + " effective rows of " +
                shown_count(rows);
  // A flat line says less than the table below.
  const bool flat = std::ranges::all_of(chart.series, [](const ChartSeries& series) {
    const auto [low, high] = std::ranges::minmax(series.y);
    return !(high > 1.001 * low);
  });
  if (flat) chart.series.clear();
  return chart;
}

PageTable deployment_table(Reader record) {
  PageTable table{.title = "Readouts to deploy",
                  .note =
                      "Scale: by how much the reward is scaled about its mean, below 1 where "
                      "held-out labels do not bear out its whole tilt.",
                  .head = {"\u03b2", "\u03b2/sd", "weights", "scale", "effective rows", "why"}};
  for (std::size_t i = 0; i < record["deployments"].size(); ++i) {
    const Reader row = record["deployments"][i];
    table.rows.push_back({shown(row["beta"].value()), shown(row["beta_sd"].value()),
                          row["weights"].text(), shown(row["scale"].value()),
                          shown_count(row["ess"].value()), row["reason"].text()});
  }
  return table;
}

std::string kernels_text(Reader record) {
  std::string text;
  for (std::size_t i = 0; i < record["kernels"].size(); ++i) {
    text += (text.empty() ? "" : ", ") + record["kernels"][i]["name"].text() + " " +
            shown_share(record["kernels"][i]["share"].value());
  }
  return text;
}

}  // namespace

Page fit_page(Reader record) {
  Page page;
  page.title = "What was learned, and how well does it predict?";
  page.question = page.title;
  const double explained = record["held_out"]["r2"].value();
  page.answer = !std::isfinite(explained) ? "A reward learned from preferences."
                : explained <= kNothing   ? "Nothing that predicts rows it has not seen."
                                          : "A reward that explains " + shown_share(explained) +
                                              " of the variance of rows it has not seen.";
  page.reason = "Fitted to " + shown_count(record["rows"].value()) + " rows of " +
                shown_count(static_cast<double>(record["features"].size())) +
                " features. How low the temperature may go with it, an evaluation says.";
  page.facts = {{"rows", shown_count(record["rows"].value())},
                {"reward's standard deviation", shown(record["reward_sd"].value())},
                {"round of gradient products", shown(record["chosen_round"].value())},
                {"kernels", kernels_text(record)}};
  add_held_out_chart(page, record["held_out"]);
  const std::vector<ColumnShare> shares = shares_of(record);
  Chart letters = letter_chart(shares);
  if (explained <= kNothing) {
    page.missing.emplace_back(
        "What a reward turns on that predicts nothing is chance: its columns and directions are "
        "not drawn, though the record has them.");
  } else {
    add_chart(page, has_data(letters) ? letters : column_chart(shares),
              "There are too many columns for their importance to be told.");
    add_chart(page, direction_chart(record), "");
  }
  add_chart(page, rounds_chart(record), "There was one round only.");
  add_chart(page, weights_chart(record),
            "All temperatures rest on as many effective rows, as the table below says.");
  page.tables.push_back(deployment_table(record));
  add_texts(page, record["data_remarks"]);
  add_texts(page, record["remarks"]);
  return page;
}

Headline fit_headline(Reader record) {
  Headline headline;
  headline.chart = {
      .id = "comparison",
      .title = "",
      .caption =
          "Share of the reward's variance explained on rows left out, by "
          "rounds of gradient products.",
      .x = {.title = "round", .whole = true},
      .y = {.title = "R\u00b2 on rows not seen", .least_length = quantity::kShareLength}};
  headline.series = rounds_series(record);
  headline.facts = {{"R\u00b2 on rows not seen", shown(record["held_out"]["r2"].value())},
                    {"rows", shown_count(record["rows"].value())},
                    {"features", shown_count(static_cast<double>(record["features"].size()))},
                    {"kernels", kernels_text(record)}};
  return headline;
}

}  // namespace esscher::internal
