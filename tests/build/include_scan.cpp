#include "include_scan.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace esscher::scan {
namespace {

const std::set<std::string> kStandardHeaders = {"algorithm",
                                                "any",
                                                "array",
                                                "atomic",
                                                "barrier",
                                                "bit",
                                                "bitset",
                                                "cassert",
                                                "cctype",
                                                "cerrno",
                                                "cfenv",
                                                "cfloat",
                                                "charconv",
                                                "chrono",
                                                "cinttypes",
                                                "climits",
                                                "clocale",
                                                "cmath",
                                                "codecvt",
                                                "compare",
                                                "complex",
                                                "concepts",
                                                "condition_variable",
                                                "coroutine",
                                                "csetjmp",
                                                "csignal",
                                                "cstdarg",
                                                "cstddef",
                                                "cstdint",
                                                "cstdio",
                                                "cstdlib",
                                                "cstring",
                                                "ctime",
                                                "cuchar",
                                                "cwchar",
                                                "cwctype",
                                                "deque",
                                                "exception",
                                                "execution",
                                                "filesystem",
                                                "format",
                                                "forward_list",
                                                "fstream",
                                                "functional",
                                                "future",
                                                "initializer_list",
                                                "iomanip",
                                                "ios",
                                                "iosfwd",
                                                "iostream",
                                                "istream",
                                                "iterator",
                                                "latch",
                                                "limits",
                                                "list",
                                                "locale",
                                                "map",
                                                "memory",
                                                "memory_resource",
                                                "mutex",
                                                "new",
                                                "numbers",
                                                "numeric",
                                                "optional",
                                                "ostream",
                                                "queue",
                                                "random",
                                                "ranges",
                                                "ratio",
                                                "regex",
                                                "scoped_allocator",
                                                "semaphore",
                                                "set",
                                                "shared_mutex",
                                                "source_location",
                                                "span",
                                                "sstream",
                                                "stack",
                                                "stdexcept",
                                                "stop_token",
                                                "streambuf",
                                                "string",
                                                "string_view",
                                                "strstream",
                                                "syncstream",
                                                "system_error",
                                                "thread",
                                                "tuple",
                                                "type_traits",
                                                "typeindex",
                                                "typeinfo",
                                                "unordered_map",
                                                "unordered_set",
                                                "utility",
                                                "valarray",
                                                "variant",
                                                "vector",
                                                "version"};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(path)};
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  return parts;
}

// Where a file stands, from its path.
struct Place {
  bool is_public = false;
  bool is_app = false;
  std::string room;  // empty in apps
};

std::optional<Place> place_of(std::string_view path) {
  const std::vector<std::string> parts = parts_of(path);
  if (parts.empty()) return std::nullopt;
  const auto room_at = [&](std::size_t i) { return i + 1 < parts.size() ? parts[i] : "(none)"; };
  if (parts[0] == "include") return Place{true, false, room_at(2)};
  if (parts[0] == "src") return Place{false, false, room_at(1)};
  if (parts[0] == "apps") return Place{false, true, ""};
  return std::nullopt;
}

// What is wrong with including \p include from \p place; empty where nothing is.
std::string complaint(const Rooms& rooms, const Place& place, const Include& include) {
  const std::vector<std::string> parts = parts_of(include.path);
  if (include.angled) {
    if (parts[0] == "esscher") return "esscher's own headers go in quotation marks";
    if (place.is_public && !kStandardHeaders.contains(include.path)) {
      return "public headers show the standard library only";
    }
    return "";
  }
  if (parts[0] == "esscher") {
    const std::string room = parts.size() == 3 ? parts[1] : "(none)";
    if (!rooms.contains(room)) return "there is no room '" + room + "'";
    if (place.is_app || room == place.room || rooms.at(place.room).contains(room)) return "";
    return "room " + place.room + " may not include room " + room;
  }
  if (place.is_public) return "public headers include each other as \"esscher/<room>/<name>.h\"";
  if (parts.size() > 1 && rooms.contains(parts[0]) && parts[0] != place.room) {
    if (place.is_app) return "internal header of room " + parts[0];
    if (!rooms.at(place.room).contains(parts[0])) {
      return "room " + place.room + " may not include room " + parts[0];
    }
    return "";
  }
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) return "leaves its folder";
  return "";
}

}  // namespace

Rooms read_rooms(std::istream& lines) {
  Rooms rooms;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream allowed(line.substr(colon + 1));
    std::set<std::string>& room = rooms[line.substr(0, colon)];
    for (std::string name; allowed >> name;) room.insert(name);
  }
  for (const auto& [room, allowed] : rooms) {
    for (const std::string& name : allowed) {
      if (!rooms.contains(name)) throw std::runtime_error(room + " may include unknown " + name);
    }
  }
  return rooms;
}

std::vector<Include> includes_in(std::string_view content) {
  std::vector<Include> includes;
  std::istringstream lines{std::string(content)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string_view rest = line;
    const auto skip_blanks = [&rest] {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    };
    skip_blanks();
    if (!rest.starts_with('#')) continue;
    rest.remove_prefix(1);
    skip_blanks();
    if (!rest.starts_with("include")) continue;
    rest.remove_prefix(std::string_view("include").size());
    skip_blanks();
    if (!rest.starts_with('"') && !rest.starts_with('<')) continue;
    const bool angled = rest[0] == '<';
    rest.remove_prefix(1);
    includes.push_back({number, angled, std::string(rest.substr(0, rest.find_first_of("\">")))});
  }
  return includes;
}

std::vector<std::string> violations(const Rooms& rooms, std::string_view path,
                                    std::string_view content) {
  const std::optional<Place> place = place_of(path);
  if (!place) return {};
  if (!place->is_app && !rooms.contains(place->room)) {
    return {std::string(path) + ": there is no room '" + place->room + "'"};
  }
  std::vector<std::string> found;
  for (const Include& include : includes_in(content)) {
    const std::string text = complaint(rooms, *place, include);
    if (text.empty()) continue;
    found.push_back(std::string(path) + ":" + std::to_string(include.line) + ": " + include.path +
                    ": " + text);
  }
  return found;
}

}  // namespace esscher::scan
