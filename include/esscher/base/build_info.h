#pragma once

/// \file
/// What a result was computed with: carried by every output, so that it can be traced and repeated.

#include <string>

namespace esscher {

struct BuildInfo {
  std::string version;     ///< "0.1.0"
  std::string commit;      ///< 12 hexadecimal digits, "-dirty" behind them where tracked files
                           ///< differed from the commit; "unknown" when built outside of git
  std::string compiler;    ///< "GCC 12.2.0", "Clang 14.0.6"
  std::string build_type;  ///< "Release", "Debug"
  /// What vectorised loops run on here: Highway's name of the best target that was compiled in and
  /// that this processor has ("AVX2", "AVX3"; "AVX3" is AVX-512). Results may differ in their last
  /// bits between instruction sets.
  std::string instruction_set;
};

/// The same content at every call; thread-safe.
const BuildInfo& build_info();

/// "esscher 0.1.0 (1a2b3c4d5e6f, GCC 12.2.0, Release, AVX3)".
std::string build_line();

}  // namespace esscher
