#include "io/known_kinds.h"

#include <algorithm>

namespace esscher::internal {
namespace {

using std::literals::operator""sv;

constexpr std::string_view kZip = "PK\3\4"sv;
// Text in no encoding begins with these.
constexpr std::string_view kArrowStream = "\xff\xff\xff\xff"sv;
constexpr std::string_view kPdf = "%PDF-"sv;

constexpr std::string_view kTorch =
    "import numpy, torch; x = torch.load(FROM, map_location='cpu'); numpy.savez(TO, **{k: "
    "torch.as_tensor(v).detach().float().numpy() for k, v in (x.items() if isinstance(x, dict) "
    "else [('embeddings', x)])})";

// By rows, since a table of text would cut a vector in a cell short.
constexpr std::string_view kParquet =
    "import json, pyarrow.parquet as p; open(TO, 'w').writelines(json.dumps(r, default=str) + "
    "'\\n' for r in p.read_table(FROM).to_pylist())";
constexpr std::string_view kFeather =
    "import json, pyarrow.feather as f; open(TO, 'w').writelines(json.dumps(r, default=str) + "
    "'\\n' for r in f.read_table(FROM).to_pylist())";
constexpr std::string_view kArrow =
    "import json, pyarrow.ipc as a; open(TO, 'w').writelines(json.dumps(r, default=str) + "
    "'\\n' for r in a.open_stream(FROM).read_all().to_pylist())";
constexpr std::string_view kPickle =
    "import json, pandas; open(TO, 'w').writelines(json.dumps(r, default=lambda v: v.tolist() if "
    "hasattr(v, 'tolist') else str(v)) + '\\n' for r in "
    "pandas.DataFrame(pandas.read_pickle(FROM)).to_dict('records'))";

constexpr std::string_view kSqlite =
    "import pandas, sqlite3; c = sqlite3.connect(FROM); n = [r[1] for r in c.execute('SELECT * "
    "FROM sqlite_master') if r[0] == 'table' and r[1][:7] != 'sqlite_'][0]; "
    "pandas.read_sql('SELECT * FROM [' + n + ']', c).to_csv(TO, index=False)";

/// Where two kinds share an extension, and the bytes do not tell, the first is meant; where bytes
/// are those of two, too.
constexpr std::array<KnownKind, 27> kKinds = {{
    {"NumPy array", " npy ", {{{0, "\x93NUMPY"}}}, {}, "npy", KindUse::array},
    {"NumPy archive", " npz ", {{{0, kZip, ".npy", true}}}, {}, "npz", KindUse::array},
    {"gzip", " gz ", {{{0, "\x1f\x8b\x08"}}}, "gunzip -k", {}, KindUse::packing},
    {"zstd", " zst ", {{{0, "\x28\xb5\x2f\xfd"}}}, "unzstd", {}, KindUse::packing},
    {"Parquet", " parquet pq ", {{{0, "PAR1"}}}, kParquet, "jsonl"},
    {"Feather", " feather arrow ipc ", {{{0, "ARROW1"}, {0, "FEA1"}}}, kFeather, "jsonl"},
    {"Arrow stream", " arrows ", {{{0, kArrowStream}}}, kArrow, "jsonl"},
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
     kPickle,
     "jsonl"},
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
    {"SQLite", " sqlite sqlite3 db ", {{{0, "SQLite format 3\0"sv}}}, kSqlite},
    {"PDF",
     " pdf ",
     {{{0, kPdf}}},
     "import pandas, pdfplumber; pandas.DataFrame([r for p in pdfplumber.open(FROM).pages for t in "
     "p.extract_tables() for r in t]).to_csv(TO, index=False, header=False)"},
    {"xz",
     " xz ",
     {{{0,
        "\xfd"
        "7zXZ\0"sv}}},
     "unxz -k",
     {},
     KindUse::unpacked},
    // The digit behind "BZh" varies; these begin the first block, or end an empty file.
    {"bzip2", " bz2 ", {{{4, "1AY&SY"}, {4, "\x17rE8P\x90"}}}, "bunzip2 -k", {}, KindUse::unpacked},
    {"lz4", " lz4 ", {{{0, "\x04\x22\x4d\x18"}}}, "unlz4", {}, KindUse::unpacked},
    // Behind all kinds that are such archives.
    {"zip", " zip ", {{{0, kZip}}}, "unzip", {}, KindUse::unpacked},
}};

constexpr KnownKind kWebPage = {
    "HTML", {}, {}, "import pandas; pandas.read_html(FROM)[0].to_csv(TO, index=False)"};

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

/// Whether there are control characters that no text has: columns may be called PAR1.
bool is_binary(std::string_view bytes) {
  return std::ranges::any_of(bytes, [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x09 || (byte > 0x0d && byte < 0x20);
  });
}

/// Whether a table may begin so.
bool is_ascii_text(std::string_view mark) {
  return std::ranges::all_of(mark, [](char letter) { return letter >= 0x20 && letter < 0x7f; });
}

bool is_web_page(std::string_view bytes) {
  const std::size_t begin = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  std::string start(bytes.substr(begin, 14));
  for (char& letter : start) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return start == "<!doctype html" || start.starts_with("<html");
}

}  // namespace

bool has_extension(const KnownKind& kind, const std::string& extension) {
  return !extension.empty() &&
         kind.extensions.find(" " + extension + " ") != std::string_view::npos;
}

const KnownKind* kind_by_bytes(std::string_view bytes) {
  if (is_web_page(bytes)) return &kWebPage;
  // The first lines of a PDF document may be text alone.
  const bool binary = bytes.starts_with(kPdf) || is_binary(bytes.substr(0, 512));
  const auto found = std::ranges::find_if(kKinds, [&](const KnownKind& kind) {
    return std::ranges::any_of(kind.marks, [&](const Mark& mark) {
      return (binary || !is_ascii_text(mark.bytes)) && has_mark(bytes, mark);
    });
  });
  return found == kKinds.end() ? nullptr : &*found;
}

const KnownKind* kind_by_extension(const std::string& extension) {
  const auto found = std::ranges::find_if(
      kKinds, [&](const KnownKind& kind) { return has_extension(kind, extension); });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace esscher::internal
