#pragma once

/// \file
/// Checks #include lines against the layering of the rooms.

#include <istream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace esscher::scan {

/// Room -> rooms that it may include (itself not named).
using Rooms = std::map<std::string, std::set<std::string>>;

/// Reads lines "room: room room". \throws std::runtime_error for a room that may include one that
/// no line defines.
Rooms read_rooms(std::istream& lines);

/// One #include line. Includes by macro are not seen.
struct Include {
  int line = 0;
  bool angled = false;  ///< <...> rather than "..."
  std::string path;
};

std::vector<Include> includes_in(std::string_view content);

/// What is wrong with the includes of one file; empty where nothing is.
/// \param path  relative to the root of the project; files outside of include/esscher/, src/ and
///              apps/ have no rules.
std::vector<std::string> violations(const Rooms& rooms, std::string_view path,
                                    std::string_view content);

}  // namespace esscher::scan
