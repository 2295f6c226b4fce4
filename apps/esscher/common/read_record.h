#pragma once

#include <string>

#include "esscher/report/report.h"

namespace esscher::app {

/// The record in a file, in a folder's result.json, or in a model of fit.
/// \throws IoError where nothing can be read there, DataError where a model holds no record
ReportRecord read_record(const std::string& path);

}  // namespace esscher::app
