#pragma once

#include <string>
#include <utility>
#include <vector>

#include "esscher/report/chart.h"
#include "report/reader.h"

namespace esscher::internal {

struct PageTable {
  std::string title;
  std::string note;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows{};
};

/// What a page says, before it is HTML.
struct Page {
  std::string title;     ///< of the document
  std::string question;  ///< what the command answers
  std::string answer;    ///< one sentence
  std::string reason;    ///< what stands behind it; may be empty
  std::vector<std::pair<std::string, std::string>> facts{};  ///< name and value
  std::vector<Chart> charts{};                               ///< the first answers the question
  std::vector<std::string> missing{};                        ///< why there are no more: sentences
  std::vector<PageTable> tables{};
  std::vector<std::string> remarks{};
};

/// Adds a chart, or the sentence where it has nothing to show.
void add_chart(Page& page, Chart chart, const std::string& otherwise);
void add_texts(Page& page, Reader list);

/// A point with its interval: the record's own or, of nominal 95 %, two standard errors.
void add_point(ChartSeries& series, double x, Reader estimate, const std::string& note = "",
               bool doubtful = false);
/// Leaves out intervals where all are points.
void drop_exact_intervals(ChartSeries& series);
/// Held-out predictions against rewards, where a record has them.
void add_held_out_chart(Page& page, Reader held_out);
/// "β = 0.25".
std::string beta_text(double beta);

Page theory_page(Reader record);
Page simulation_page(Reader record);
Page fit_page(Reader record);
Page evaluation_page(Reader record);
Page audit_page(Reader record);

/// The chart of a comparison: what of a record speaks for the whole, in a series named \p name.
struct Headline {
  Chart chart;  ///< axes, title and caption; no series
  ChartSeries series;
  std::vector<std::pair<std::string, std::string>> facts;
};
Headline theory_headline(Reader record);
Headline simulation_headline(Reader record);
Headline fit_headline(Reader record);
Headline evaluation_headline(Reader record);
Headline audit_headline(Reader record);

/// As HTML. \param record  embedded, so that the page holds all of its numbers; one above a
/// megabyte
///                        is left out, as the page then says
std::string html(const Page& page, const std::string& foot, const std::string& record);

}  // namespace esscher::internal
