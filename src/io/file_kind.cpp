#include "io/file_kind.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/table_reader.h"
#include "io/known_kinds.h"
#include "io/shell_word.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kFirstBytes = 512;

/// The first bytes of a regular file; none of what cannot be read, which others say.
std::string first_bytes(const std::string& path) {
  struct stat facts = {};
  // Whoever opens a pipe takes what is in it.
  if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  std::string bytes(kFirstBytes, '\0');
  const ssize_t count = read(file, bytes.data(), bytes.size());
  close(file);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

/// The path with another extension; never the path itself.
std::string renamed(const std::string& path, std::string_view extension) {
  const std::string old = lower_extension(path);
  std::string stem = old.empty() ? path : path.substr(0, path.size() - old.size() - 1);
  std::string target = stem + "." + std::string(extension);
  return target == path ? stem + ".converted." + std::string(extension) : target;
}

std::string replaced(std::string text, std::string_view word, const std::string& by) {
  const std::size_t at = text.find(word);
  return at == std::string::npos ? text : text.replace(at, word.size(), by);
}

/// A command that unpacks a file, and what the unpacked one is called, which only a zip archive
/// leaves open. Programs that know the file by its extension ask before they write over another.
struct Unpacking {
  std::string command;
  std::string path;
};

Unpacking unpacking(const KnownKind& kind, const std::string& path) {
  const std::string program(kind.program);
  const std::string extension = lower_extension(path);
  if (has_extension(kind, extension)) {
    return {program + " " + shell_word(path), path.substr(0, path.size() - extension.size() - 1)};
  }
  if (kind.name == "zip") return {program + " " + shell_word(path), path};
  const std::string target = renamed(path, extension.empty() ? "csv" : extension);
  return {program.substr(0, program.find(' ')) + " -c < " + shell_word(path) + " > " +
              shell_word(target),
          target};
}

/// What is to be pasted into a shell for a file of a kind that is not read.
std::string command_for(const KnownKind& kind, const std::string& path) {
  if (kind.use != KindUse::converted) return unpacking(kind, path).command;
  constexpr std::string_view kR = "R:";
  const bool is_r = kind.program.starts_with(kR);
  std::string program(kind.program.substr(is_r ? kR.size() : 0));
  // The later name first: the earlier one may hold its word.
  program = replaced(std::move(program), "TO", quoted_for_shell(renamed(path, kind.target)));
  program = replaced(std::move(program), "FROM", quoted_for_shell(path));
  return (is_r ? "Rscript -e \"" : "python -c \"") + program + "\"";
}

/// The kind of a file, if it is one that is not read.
const KnownKind* find_unread(const std::string& path, std::string_view bytes) {
  const std::string extension = lower_extension(path);
  const KnownKind* told = kind_by_bytes(bytes);
  const KnownKind* named = kind_by_extension(extension);
  // Archives and packed files are of the kind that their name says, such as R's: it knows what is
  // inside. PyTorch, too, once wrote pickles, and only the name tells.
  const bool name_knows = told == nullptr || told->use == KindUse::unpacked ||
                          told->use == KindUse::packing ||
                          (told->name == "pickle" && named != nullptr && named->name == "PyTorch");
  const KnownKind* kind = name_knows && named != nullptr ? named : told;
  const bool unread =
      kind != nullptr && kind->use != KindUse::array && kind->use != KindUse::packing;
  return unread ? kind : nullptr;
}

/// What the file that begins with \p bytes is packed by, if it is unpacked as it is read.
const KnownKind* packing_of(std::string_view bytes) {
  const KnownKind* kind = kind_by_bytes(bytes);
  return kind != nullptr && kind->use == KindUse::packing ? kind : nullptr;
}

/// "Parquet files are not read".
std::string refused_kind(const KnownKind& kind) {
  if (kind.name == "HTML") return "it is a web page, perhaps in place of a download";
  return std::string(kind.name) + " files are not read";
}

/// "convert it: ", "unpack it: ".
std::string verb(const KnownKind& kind) {
  return kind.use == KindUse::converted ? "convert it: " : "unpack it: ";
}

/// What helps where a table was to be read from \p path, and its bytes, behind \p packing if that
/// is not null, are of this kind.
std::string remedy_for(const KnownKind& kind, const KnownKind* packing, const std::string& path) {
  const std::string extension(kind.use == KindUse::array ? kind.target
                              : kind.extensions.empty()
                                  ? "html"
                                  : kind.extensions.substr(1, kind.extensions.find(' ', 1) - 1));
  if (path.empty()) {
    const std::string file = "FILE." + extension;
    if (kind.use == KindUse::array) return "write it to " + file + ", which is read in place";
    if (kind.use == KindUse::packing) return "unpack it once more before";
    return "write it to " + file + ", and " + verb(kind) + command_for(kind, file);
  }
  if (packing == nullptr) {
    if (kind.use == KindUse::array) return "name it ." + extension;
    return verb(kind) + command_for(kind, path);
  }
  const Unpacking first = unpacking(*packing, path);
  if (kind.use == KindUse::packing) return "unpack it once: " + first.command;
  if (kind.use == KindUse::array) {
    return "arrays are read in place; unpack it, and let its name end in ." + extension + ": " +
           first.command;
  }
  const std::string both =
      kind.use == KindUse::unpacked ? "unpack it twice: " : "unpack it and convert it: ";
  return both + first.command + " && " + command_for(kind, first.path);
}

}  // namespace

std::string lower_extension(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return "";
  std::string extension = path.substr(dot + 1);
  for (char& letter : extension) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return extension;
}

std::string quoted_for_shell(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  // A shell leaves a backslash alone before all but $ ` " \ and a line break, so that these escapes
  // reach Python and R as they are. The exclamation mark is for shells that take it for history.
  constexpr std::string_view kEscaped = "'\"$`\\!";
  const bool utf8 = [&] {
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t length = code_point_length(rest);
      if (length == 0) return false;
      rest.remove_prefix(length);
    }
    return true;
  }();
  std::string result = "'";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain = byte >= 0x80 ? utf8
                                    : byte >= 0x20 && byte != 0x7f &&
                                          kEscaped.find(letter) == std::string_view::npos;
    if (plain) {
      result += letter;
      continue;
    }
    // Python's name for a byte of a file's name that is no UTF-8.
    result += byte >= 0x80 ? "\\udc" : "\\x";
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 15U];
  }
  return result + "'";
}

std::optional<UnreadKind> unread_kind(const std::string& path) {
  const KnownKind* kind = find_unread(path, first_bytes(path));
  if (kind == nullptr) return {};
  return UnreadKind{std::string(kind->name), command_for(*kind, path)};
}

void require_readable_kind(const std::string& path, std::string_view field) {
  const std::string bytes = first_bytes(path);
  if (const KnownKind* kind = find_unread(path, bytes)) {
    throw UsageError(rejection(field, in_quotes(path), refused_kind(*kind),
                               verb(*kind) + command_for(*kind, path)));
  }
  const KnownKind* told = kind_by_bytes(bytes);
  if (told == nullptr || told->use != KindUse::array ||
      has_extension(*told, lower_extension(path))) {
    return;
  }
  throw UsageError(rejection(field, in_quotes(path),
                             "it holds a " + std::string(told->name) + ", whatever its name says",
                             remedy_for(*told, nullptr, path)));
}

std::string remedy_for_encoding(std::string_view from, const std::string& path) {
  const std::string program = "iconv -f " + std::string(from) + " -t UTF-8";
  if (path == kStandardInput) return "pipe it through " + program;
  const KnownKind* packing = packing_of(first_bytes(path));
  const Unpacking first = packing == nullptr ? Unpacking{"", path} : unpacking(*packing, path);
  const std::string extension = lower_extension(first.path);
  const std::string target = renamed(first.path, extension.empty() ? "csv" : extension);
  return (packing == nullptr ? "convert it: "
                             : "unpack it and convert it: " + first.command + " && ") +
         program + " < " + shell_word(first.path) + " > " + shell_word(target);
}

void require_table(std::string_view bytes, const std::string& path) {
  const KnownKind* kind = kind_by_bytes(bytes);
  if (kind == nullptr) return;
  const std::string packed = path == kStandardInput ? "" : first_bytes(path);
  const KnownKind* packing = packing_of(packed);
  std::string what = refused_kind(*kind);
  if (kind->use == KindUse::array) what = "it holds a " + std::string(kind->name);
  if (kind->use == KindUse::packing) what = "it is compressed twice";
  throw UsageError(table_name(path) + ": " + what + "; " +
                   remedy_for(*kind, packing, packed.empty() ? "" : path));
}

}  // namespace esscher::internal
