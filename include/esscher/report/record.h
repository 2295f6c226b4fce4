#pragma once

/// \file
/// Records: the JSON results of the commands, as the report reads them.

#include <string>
#include <string_view>

namespace esscher {

/// Counts changes after which older readers would misunderstand a result; fields that are only
/// added change nothing. docs/schemas holds what each kind of record must have.
inline constexpr int kRecordVersion = 1;

/// Which command a record is of; pairs: an evaluation of stated pairs, which has no page.
enum class RecordKind { theory, simulate, fit, evaluate, pairs, audit };
/// "theory", "simulate", "fit", "evaluate", "pairs" or "audit".
std::string_view record_kind_name(RecordKind kind);

/// The kind of a record; one without a version, from before there were any, is told by its fields.
/// \param field  what messages call it, as a rule a file
/// \throws DataError where \p json is no JSON, no such record or of a newer version
RecordKind record_kind(std::string_view json, std::string_view field);

}  // namespace esscher
