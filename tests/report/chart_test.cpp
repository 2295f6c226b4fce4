#include "esscher/report/chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "esscher/base/error.h"

namespace esscher {
namespace {

using nlohmann::json;

Chart two_curves() {
  return {.id = "two",
          .title = "One rises",
          .caption = "",
          .x = {"KL (nats)", AxisScale::log},
          .y = {"reward"},
          .series = {{.name = "a",
                      .x = {0.1, 1, 10},
                      .y = {1, 2, 3},
                      .low = {0.5, 1.5, 2.5},
                      .high = {1.5, 2.5, 3.5},
                      .doubtful = {false, false, true}},
                     {.name = "b", .x = {0, 1}, .y = {0, 1}, .style = SeriesStyle::dashed}},
          .spans = {{0.1, 1, "admissible"}},
          .rules = {{1, "advised"}, {0, "reference", true}},
          .ticks = {{10, "cold"}, {0.1, "hot"}},
          .ticks_title = "beta"};
}

json spec_of(const Chart& chart) { return json::parse(vega_spec(chart)); }

json named(const json& list, const std::string& name) {
  for (const json& entry : list) {
    if (entry.at("name") == name) return entry;
  }
  return nullptr;
}

TEST(VegaSpec, HoldsAxesWithTheirTitlesAndScales) {
  const json spec = spec_of(two_curves());
  EXPECT_EQ(named(spec["scales"], "x")["type"], "log");
  EXPECT_EQ(named(spec["scales"], "y")["type"], "linear");
  EXPECT_EQ(spec["axes"][0]["title"], "KL (nats)");
  EXPECT_EQ(spec["axes"][1]["title"], "reward");
  EXPECT_EQ(spec["title"]["text"], "One rises");
}

TEST(VegaSpec, LeavesOutWhatHasNoPlaceOnALogarithmicAxis) {
  const json spec = spec_of(two_curves());
  EXPECT_EQ(named(spec["data"], "series0")["values"].size(), 3U);
  ASSERT_EQ(named(spec["data"], "series1")["values"].size(), 1U);
  EXPECT_EQ(named(spec["data"], "series1")["values"][0]["x"], 1.0);
}

TEST(VegaSpec, MarksWhatIsDoubtfulAndKeepsIntervals) {
  const json last = named(spec_of(two_curves())["data"], "series0")["values"][2];
  EXPECT_EQ(last["doubtful"], true);
  EXPECT_EQ(last["low"], 2.5);
  EXPECT_EQ(last["high"], 3.5);
}

TEST(VegaSpec, NamesTheUpperAxisInTheOrderOfItsPlaces) {
  const json upper = spec_of(two_curves())["axes"][2];
  EXPECT_EQ(upper["values"], json({0.1, 10.0}));
  const std::string text = upper["encode"]["labels"]["update"]["text"]["signal"];
  EXPECT_TRUE(text.starts_with("[\"hot\",\"cold\"]")) << text;
}

TEST(VegaSpec, OneWideIntervalDoesNotFlattenTheRest) {
  Chart chart = two_curves();
  chart.series[0].doubtful = {};
  chart.series[0].high = {1.5, 2.5, 1e6};
  const json domain = named(spec_of(chart)["scales"], "y")["domain"];
  // Points need 0 to 3, to which an interval may add one such length at either end, and a margin.
  EXPECT_LT(domain[1].get<double>(), 7);
  EXPECT_GT(domain[1].get<double>(), 3);
}

TEST(VegaSpec, FollowsTheFloorOfAnAxis) {
  Chart chart = two_curves();
  chart.y.floor = 0.5;
  EXPECT_EQ(named(spec_of(chart)["scales"], "y")["domain"][0], 0.5);
}

TEST(VegaSpec, ShowsAtLeastSoMuchOfAnAxisThatSpecksDoNotLookLikeMountains) {
  Chart chart{.id = "flat",
              .title = "",
              .caption = "",
              .x = {.title = "x", .least_length = 4},
              .y = {.title = "efficiency", .least_length = 0.1},
              .series = {{.name = "a", .x = {0, 1}, .y = {0.994, 0.995}}}};
  const json scales = spec_of(chart)["scales"];
  const json y = named(scales, "y")["domain"];
  EXPECT_NEAR(y[1].get<double>() - y[0].get<double>(), 0.1, 1e-12);
  EXPECT_LT(y[1].get<double>(), 1) << "what cannot be is no room";
  const json x = named(scales, "x")["domain"];
  EXPECT_NEAR(x[0].get<double>(), -1.5, 1e-12);
  EXPECT_NEAR(x[1].get<double>(), 2.5, 1e-12);
}

TEST(VegaSpec, LabelsOfRulesAndSpansStandOnARimOfThePagesColour) {
  const json spec = spec_of(two_curves());
  int rims = 0;
  int texts = 0;
  for (const json& mark : spec["marks"]) {
    if (mark["type"] != "text") continue;
    const json& look = mark["encode"]["update"];
    (look.contains("stroke") ? rims : texts) += 1;
  }
  EXPECT_EQ(texts, 3);
  EXPECT_EQ(rims, texts);
}

TEST(VegaSpec, TakesEverySeriesForShownAtFirst) {
  const json shown = named(spec_of(two_curves())["signals"], "shown")["value"];
  EXPECT_EQ(shown, json({true, true}));
  const Chart ranges{.id = "r",
                     .title = "",
                     .caption = "",
                     .kind = ChartKind::ranges,
                     .x = {"beta", AxisScale::log},
                     .y = {"weights"},
                     .ranges = {{"auto", "measured", 1, 2}, {"auto", "predicted", 1, 1}}};
  EXPECT_EQ(named(spec_of(ranges)["signals"], "shown")["value"], json({true, true}));
  EXPECT_EQ(series_names(ranges), (std::vector<std::string>{"measured", "predicted"}));
}

TEST(VegaSpec, RefusesVectorsOfUnequalLengths) {
  Chart chart = two_curves();
  chart.series[1].y.pop_back();
  try {
    vega_spec(chart);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "series = b: its vectors must be as long as x, or empty");
  }
}

TEST(VegaSpec, HeatMapsKeepTheOrderOfTheirColumns) {
  const Chart chart{.id = "h",
                    .title = "",
                    .caption = "",
                    .kind = ChartKind::heat_map,
                    .x = {"position"},
                    .y = {"letter"},
                    .bars = {{"A", 0.5, "10"}, {"C", 0.5, "2"}},
                    .columns = {"2", "10"}};
  const json spec = spec_of(chart);
  EXPECT_EQ(named(spec["scales"], "column")["domain"], json({"2", "10"}));
  EXPECT_EQ(named(spec["scales"], "row")["domain"], json({"A", "C"}));
}

TEST(HasData, IsFalseWhereNothingCouldBeDrawn) {
  Chart chart = two_curves();
  EXPECT_TRUE(has_data(chart));
  for (ChartSeries& series : chart.series) {
    for (double& y : series.y) y = std::numeric_limits<double>::quiet_NaN();
  }
  EXPECT_FALSE(has_data(chart));
  EXPECT_FALSE(
      has_data({.id = "b", .title = "", .caption = "", .kind = ChartKind::bars, .x = {}, .y = {}}));
}

TEST(ChartTable, HoldsNumbersThatReadBackExactly) {
  Chart chart = two_curves();
  chart.series[0].y[0] = 0.1 + 0.2;
  const auto table = chart_table(chart);
  EXPECT_EQ(table[0], (std::vector<std::string>{"series", "KL (nats)", "reward", "low", "high"}));
  EXPECT_EQ(std::stod(table[1][2]), 0.1 + 0.2);
  EXPECT_EQ(table.size(), 6U);
  EXPECT_EQ(table[4], (std::vector<std::string>{"b", "0", "0", "", ""}));
}

}  // namespace
}  // namespace esscher
