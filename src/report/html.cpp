#include <algorithm>
#include <string_view>

#include "esscher/base/build_info.h"
#include "report/assets.h"
#include "report/page.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

/// Rows of a figure's table that are shown; the file that can be saved has all.
constexpr std::size_t kShownRows = 80;
/// Tables of more rows are closed at first.
constexpr std::size_t kOpenRows = 16;
/// Records beyond this are not embedded: a page stays below two megabytes.
constexpr std::size_t kEmbeddedBytes = 1'000'000;

using Rows = std::vector<std::vector<std::string>>;

/// JSON that a script element holds: nothing in it may end the element.
std::string within_script(const std::string& json) {
  std::string text;
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

bool is_number_like(const std::string& text) {
  return text.empty() ||
         std::string_view("0123456789\u2212\u2013-+.").find(text[0]) != std::string_view::npos;
}

/// \param head  whether the first row names the columns
std::string rows_html(const std::vector<std::string>& head, const Rows& rows,
                      const std::string& caption) {
  std::vector<bool> numeric(head.size(), true);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < std::min(row.size(), numeric.size()); ++c) {
      if (!is_number_like(row[c]) || row[c].size() > 40) numeric[c] = false;
    }
  }
  std::string text = "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                     escaped(caption) + "\"><table>";
  const bool named = std::ranges::any_of(head, [](const auto& name) { return !name.empty(); });
  const auto cell = [&](const char* tag, std::size_t c, const std::string& words,
                        const char* scope) {
    text += std::string("<") + tag + scope +
            (c < numeric.size() && numeric[c] ? " class=\"n\">" : ">") + escaped(words) + "</" +
            tag + ">";
  };
  if (named) {
    text += "<thead><tr>";
    for (std::size_t c = 0; c < head.size(); ++c) cell("th", c, head[c], " scope=\"col\"");
    text += "</tr></thead>";
  }
  text += "<tbody>";
  for (const auto& row : rows) {
    text += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == 0) {
        cell("th", c, row[c], " scope=\"row\"");
      } else {
        cell("td", c, row[c], "");
      }
    }
    text += "</tr>";
  }
  return text + "</tbody></table></div>";
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

/// A sentence as HTML, in which numbers keep their per cent sign, and equations both sides, on one
/// line.
std::string prose(std::string_view sentence) {
  std::string text = escaped(sentence);
  replace_all(text, " %", "&nbsp;%");
  replace_all(text, " = ", "&nbsp;=&nbsp;");
  return text;
}

std::string figure_html(const Chart& chart) {
  Rows table = chart_table(chart);
  const std::vector<std::string> head = table.front();
  table.erase(table.begin());
  std::string note;
  if (table.size() > kShownRows) {
    note = "<p class=\"caption\">The first " + std::to_string(kShownRows) + " of " +
           std::to_string(table.size()) + " rows; the CSV file has all.</p>";
    table.resize(kShownRows);
  }
  const std::string id = escaped(chart.id);
  return "<figure id=\"" + id + "\" aria-labelledby=\"" + id + "-title\"><h3 id=\"" + id +
         "-title\">" + prose(chart.title) +
         "</h3><div class=\"legend\" role=\"group\" aria-label=\"Series shown\"></div>"
         "<div class=\"plot\" role=\"img\" aria-label=\"" +
         escaped(chart.title + ". " + chart.caption) + "\"></div><figcaption>" +
         prose(chart.caption) +
         "</figcaption><div class=\"tools\" role=\"group\" aria-label=\"Save this figure\"></div>"
         "<details class=\"data\"><summary>Numbers of this figure</summary>" +
         note + rows_html(head, table, "Numbers: " + chart.title) + "</details></figure>";
}

std::string table_html(const PageTable& table) {
  const bool open = table.rows.size() <= kOpenRows;
  std::string text = std::string("<details class=\"table\"") + (open ? " open" : "") +
                     "><summary>" + escaped(table.title) + "</summary>";
  if (!table.note.empty()) text += "<p class=\"caption\">" + escaped(table.note) + "</p>";
  if (!table.rows.empty()) text += rows_html(table.head, table.rows, table.title);
  return text + "</details>";
}

std::string charts_json(const Page& page) {
  Json list = Json::array();
  for (const Chart& chart : page.charts) {
    Json series = Json::array();
    const std::vector<std::string> names = series_names(chart);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool dashed = i < chart.series.size() && chart.series[i].style == SeriesStyle::dashed;
      series.push_back({{"name", names[i]}, {"dashed", dashed}});
    }
    list.push_back({{"id", chart.id},
                    {"x", chart.x.title},
                    {"y", chart.y.title},
                    {"series", series},
                    {"table", chart_table(chart)},
                    {"spec", Json::parse(vega_spec(chart))}});
  }
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string first_screen(const Page& page) {
  std::string text = "<section class=\"first\" aria-labelledby=\"question\"><h1 id=\"question\">" +
                     escaped(page.question) + "</h1><p class=\"answer\">" + prose(page.answer) +
                     "</p>";
  if (!page.reason.empty()) text += "<p class=\"reason\">" + prose(page.reason) + "</p>";
  if (!page.facts.empty()) {
    text += "<dl class=\"facts\">";
    for (const auto& [name, value] : page.facts) {
      text += "<div><dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd></div>";
    }
    text += "</dl>";
  }
  if (!page.charts.empty()) text += figure_html(page.charts.front());
  return text + "</section>";
}

std::string more_figures(const Page& page) {
  if (page.charts.size() < 2 && page.missing.empty()) return "";
  std::string text = "<section aria-labelledby=\"more\"><h2 id=\"more\">Behind the answer</h2>";
  for (const std::string& words : page.missing) {
    text += "<p class=\"missing\">" + escaped(words) + "</p>";
  }
  text += "<div class=\"figures\">";
  for (std::size_t i = 1; i < page.charts.size(); ++i) text += figure_html(page.charts[i]);
  return text + "</div></section>";
}

std::string remarks_html(const Page& page) {
  if (page.remarks.empty()) return "";
  std::string text =
      "<section aria-labelledby=\"remarks\"><h2 id=\"remarks\">To be borne in mind</h2><ul>";
  for (const std::string& remark : page.remarks) text += "<li>" + escaped(remark) + "</li>";
  return text + "</ul></section>";
}

std::string footer_html(bool embedded, std::size_t bytes) {
  std::string text =
      "<footer><p>Page by " + escaped(build_line()) + ". It loads nothing and holds ";
  text += embedded ? "its data (<code>#record</code>)"
                   : "the numbers of its figures; the record behind them, of " +
                         shown(static_cast<double>(bytes) / 1e6, 2) +
                         " MB, is too large for a page and stays where it was written";
  return text +
         ". Charts: Vega, BSD-3-Clause; its licences stand in the source of this page.</p>"
         "</footer>\n";
}

}  // namespace

std::string html(const Page& page, const std::string& foot, const std::string& record) {
  // Nothing may be loaded, not even by mistake; Vega makes functions of its expressions.
  std::string text =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:\">"
      "<title>" +
      escaped(page.title) + " \u00b7 esscher</title><style>\n";
  text += page_style();
  text +=
      "</style></head>\n<body><a class=\"skip\" href=\"#main\">Skip to the answer</a>"
      "<header><span class=\"brand\">esscher</span><button type=\"button\" id=\"theme\" "
      "hidden>Dark</button></header>\n<main id=\"main\">" +
      first_screen(page) +
      "<noscript><p class=\"missing\">Charts are drawn by a script, which is off here; all their "
      "numbers stand below each of them.</p></noscript>\n" +
      more_figures(page) + "\n" + remarks_html(page);
  text += "\n<section aria-labelledby=\"numbers\"><h2 id=\"numbers\">Numbers and origin</h2>";
  for (const PageTable& table : page.tables) text += table_html(table);
  const bool embedded = record.size() <= kEmbeddedBytes;
  text += foot + "</section></main>\n" + footer_html(embedded, record.size());
  text += "<script type=\"application/json\" id=\"charts\">" + within_script(charts_json(page)) +
          "</script>\n<script type=\"application/json\" id=\"record\">" +
          (embedded ? within_script(record)
                    : R"({"left_out":"the record is larger than a page should be"})") +
          "</script>\n<script type=\"text/plain\" id=\"licences\">";
  text += chart_licences();
  text += "</script>\n<script>\n";
  text += chart_library();
  text += "</script>\n<script>\n";
  text += page_script();
  return text + "</script>\n</body></html>\n";
}

}  // namespace esscher::internal
