#include "io/file_kind.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

using std::literals::operator""sv;

/// Bytes by which a kind is known, from `offset` on. A zip archive is known by its first member.
struct Mark {
  std::size_t offset = 0;
  std::string_view bytes;
  /// Of a zip archive: what its first member's name begins, or with `ends` ends, with.
  std::string_view member = {};
  bool ends = false;
};

/// One kind. In `program`, FROM and TO stand for the names of the files, as strings.
struct KnownKind {
  std::string_view name;
  std::string_view extensions;  ///< between blanks; empty: known by its bytes alone
  std::array<Mark, 4> marks;
  std::string_view program;
  std::string_view target = "csv";  ///< extension of what it writes
};

constexpr std::string_view kZip = "PK\3\4"sv;
// Text in no encoding begins with these.
constexpr std::string_view kArrowStream = "\xff\xff\xff\xff"sv;

constexpr std::string_view kTorch =
    "import numpy, torch; x = torch.load(FROM, map_location='cpu'); numpy.savez(TO, **{k: "
    "torch.as_tensor(v).detach().float().numpy() for k, v in (x.items() if isinstance(x, dict) "
    "else [('embeddings', x)])})";

/// Where two kinds share an extension, and the bytes do not tell, the first is meant.
constexpr std::array<KnownKind, 17> kUnread = {{
    {"Parquet",
     " parquet pq ",
     {{{0, "PAR1"}}},
     "import pandas; pandas.read_parquet(FROM).to_csv(TO, index=False)"},
    {"Feather",
     " feather arrow ipc ",
     {{{0, "ARROW1"}, {0, "FEA1"}}},
     "import pandas; pandas.read_feather(FROM).to_csv(TO, index=False)"},
    {"Arrow stream",
     " arrows ",
     {{{0, kArrowStream}}},
     "import pyarrow; pyarrow.ipc.open_stream(FROM).read_pandas().to_csv(TO, index=False)"},
    {"PyTorch", " pt pth bin ckpt ", {{{0, kZip, "/data.pkl", true}}}, kTorch, "npz"},
    {"Excel",
     " xlsx xlsm xlsb ",
     {{{0, kZip, "[Content_Types].xml"},
       {0, kZip, "xl/"},
       {0, kZip, "_rels/"},
       {0, kZip, "docProps/"}}},
     "import pandas; pandas.read_excel(FROM).to_csv(TO, index=False)"},
    {"Excel",
     " xls ",
     {{{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}}},
     "import pandas; pandas.read_excel(FROM).to_csv(TO, index=False)"},
    {"OpenDocument",
     " ods ",
     {{{0, kZip, "mimetype"}}},
     "import pandas; pandas.read_excel(FROM, engine='odf').to_csv(TO, index=False)"},
    {"HDF5",
     " h5 hdf5 hdf he5 ",
     {{{0, "\x89HDF\r\n\x1a\n"}}},
     "import h5py, numpy; f = h5py.File(FROM); numpy.savez(TO, **{k: f[k][()] for k in f if "
     "isinstance(f[k], h5py.Dataset)})",
     "npz"},
    {"pickle",
     " pkl pickle ",
     {{{0, "\x80\x02"}, {0, "\x80\x03"}, {0, "\x80\x04"}, {0, "\x80\x05"}}},
     "import pandas; pandas.DataFrame(pandas.read_pickle(FROM)).to_csv(TO, index=False)"},
    {"R data", " rds ", {{{0, "X\n\0\0\0"sv}}}, "R:write.csv(readRDS(FROM), TO, row.names=FALSE)"},
    {"R workspace",
     " rda rdata ",
     {{{0, "RDX2\n"}, {0, "RDX3\n"}}},
     "R:e <- new.env(); load(FROM, e); write.csv(e[[ls(e)[1]]], TO, row.names=FALSE)"},
    {"SPSS",
     " sav zsav ",
     {{{0, "$FL2"}, {0, "$FL3"}}},
     "import pandas; pandas.read_spss(FROM).to_csv(TO, index=False)"},
    {"Stata",
     " dta ",
     {{{0, "<stata_dta>"}}},
     "import pandas; pandas.read_stata(FROM).to_csv(TO, index=False)"},
    {"SAS",
     " sas7bdat ",
     {{{12, "\xc2\xea\x81\x60\xb3\x14\x11\xcf"}}},
     "import pandas; pandas.read_sas(FROM, encoding='utf-8').to_csv(TO, index=False)"},
    {"SAS transport",
     " xpt ",
     {},
     "import pandas; pandas.read_sas(FROM, encoding='utf-8').to_csv(TO, index=False)"},
    {"ORC", " orc ", {}, "import pandas; pandas.read_orc(FROM).to_csv(TO, index=False)"},
    {"JSON", " json ", {}, "import pandas; pandas.read_json(FROM).to_csv(TO, index=False)"},
}};

/// What is read, under another name than it should have.
constexpr std::array<KnownKind, 2> kRead = {{
    {"a NumPy array", " npy ", {{{0, "\x93NUMPY"}}}, {}, "npy"},
    {"a NumPy archive", " npz ", {{{0, kZip, ".npy", true}}}, {}, "npz"},
}};

/// The first bytes of a regular file; none of what cannot be read, which others say.
std::string first_bytes(const std::string& path) {
  struct stat facts = {};
  // Whoever opens a pipe takes what is in it.
  if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  std::string bytes(512, '\0');
  const ssize_t count = read(file, bytes.data(), bytes.size());
  close(file);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

/// The name of a zip archive's first member.
std::string_view first_member(std::string_view bytes) {
  constexpr std::size_t kLength = 26;
  constexpr std::size_t kName = 30;
  if (bytes.size() < kName) return {};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::size_t length = byte(kLength) + 256U * byte(kLength + 1);
  return bytes.substr(kName, length);
}

bool has_mark(std::string_view bytes, const Mark& mark) {
  if (mark.bytes.empty() || bytes.size() < mark.offset ||
      !bytes.substr(mark.offset).starts_with(mark.bytes)) {
    return false;
  }
  if (mark.member.empty()) return true;
  const std::string_view member = first_member(bytes);
  return mark.ends ? member.ends_with(mark.member) : member.starts_with(mark.member);
}

bool has_extension(const KnownKind& kind, const std::string& extension) {
  return !extension.empty() &&
         kind.extensions.find(" " + extension + " ") != std::string_view::npos;
}

/// Whether there are control characters that no text has: columns may be called PAR1.
bool is_binary(std::string_view bytes) {
  return std::ranges::any_of(bytes, [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x09 || (byte > 0x0d && byte < 0x20);
  });
}

template <std::size_t n>
const KnownKind* by_bytes(const std::array<KnownKind, n>& kinds, std::string_view bytes) {
  if (!is_binary(bytes)) return nullptr;
  const auto found = std::ranges::find_if(kinds, [&](const KnownKind& kind) {
    return std::ranges::any_of(kind.marks, [&](const Mark& mark) { return has_mark(bytes, mark); });
  });
  return found == kinds.end() ? nullptr : &*found;
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

UnreadKind with_command(const KnownKind& kind, const std::string& path) {
  constexpr std::string_view kR = "R:";
  const bool is_r = kind.program.starts_with(kR);
  std::string program(kind.program.substr(is_r ? kR.size() : 0));
  // The later name first: the earlier one may hold its word.
  program = replaced(std::move(program), "TO", quoted_for_shell(renamed(path, kind.target)));
  program = replaced(std::move(program), "FROM", quoted_for_shell(path));
  return {std::string(kind.name), (is_r ? "Rscript -e \"" : "python -c \"") + program + "\""};
}

const KnownKind* find_unread(const std::string& path, std::string_view bytes) {
  const std::string extension = lower_extension(path);
  if (const KnownKind* found = by_bytes(kUnread, bytes)) {
    // PyTorch, too, once wrote pickles, and only the name tells.
    const auto torch = std::ranges::find(kUnread, "PyTorch", &KnownKind::name);
    return found->name == "pickle" && has_extension(*torch, extension) ? &*torch : found;
  }
  // What says itself that it can be read is so, whatever its name.
  if (by_bytes(kRead, bytes) != nullptr) return nullptr;
  const auto found = std::ranges::find_if(
      kUnread, [&](const KnownKind& kind) { return has_extension(kind, extension); });
  return found == kUnread.end() ? nullptr : &*found;
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
  return with_command(*kind, path);
}

void require_readable_kind(const std::string& path, std::string_view field) {
  const std::string bytes = first_bytes(path);
  if (const KnownKind* kind = find_unread(path, bytes)) {
    throw UsageError(rejection(field, in_quotes(path),
                               std::string(kind->name) + " files are not read",
                               "convert it: " + with_command(*kind, path).command));
  }
  const KnownKind* read = by_bytes(kRead, bytes);
  if (read == nullptr || has_extension(*read, lower_extension(path))) return;
  throw UsageError(rejection(field, in_quotes(path),
                             "it holds " + std::string(read->name) + ", whatever its name says",
                             "name it ." + std::string(read->target)));
}

}  // namespace esscher::internal
