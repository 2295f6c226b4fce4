#pragma once

/// \file
/// The ways in which a call can fail. Bad input throws; numerical trouble is a status in a summary
/// with a plain sentence; a broken invariant is an InternalError. The library never prints, exits
/// or aborts.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// Root of every exception that the library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option, argument or formula that the caller can mend.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// A file or table whose content breaks a stated rule.
class DataError : public Error {
 public:
  using Error::Error;
};

/// The operating system refused to read or write.
class IoError : public Error {
 public:
  using Error::Error;
};

/// A broken invariant: a defect of esscher, never of its input.
class InternalError : public Error {
 public:
  using Error::Error;
};

/// One line in the house form: "<field> = <value>: <constraint>; <remedy>".
/// \p field is spelled as the caller spells it; an empty \p remedy leaves out its clause.
std::string rejection(std::string_view field, std::string_view value, std::string_view constraint,
                      std::string_view remedy = {});

/// The same for a number, printed in the fewest digits that read back exactly.
std::string rejection(std::string_view field, double value, std::string_view constraint,
                      std::string_view remedy = {});

/// The member of \p candidates nearest to \p word by edit distance, or "" when none is near
/// (more than a third of the longer word's letters differ).
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace esscher
