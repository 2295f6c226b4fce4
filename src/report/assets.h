#pragma once

#include <string_view>

namespace esscher::internal {

// Texts that CMake takes from files when esscher is built (cmake/EsscherReportAssets.cmake).

std::string_view page_style();      ///< page.css
std::string_view page_script();     ///< page.js
std::string_view chart_library();   ///< Vega's modules, with a line that joins them
std::string_view chart_licences();  ///< of the chart library

}  // namespace esscher::internal
