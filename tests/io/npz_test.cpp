#include "esscher/io/npz.h"

#include <gtest/gtest.h>

#include <functional>

#include "array_bytes.h"

namespace esscher {
namespace {

/// A raw deflate stream of one block that is not compressed.
std::string deflated(const std::string& text) {
  const auto length = static_cast<std::uint16_t>(text.size());
  return '\1' + little_endian(length) + little_endian(static_cast<std::uint16_t>(~length)) + text;
}

std::string array_file(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) bytes += little_endian(value);
  return npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                      std::to_string(values.size()) + ",), }",
                  bytes);
}

std::string archive_of(const ZipMember& member) {
  ZipArchive archive;
  archive.add(member);
  return archive.whole();
}

/// What reading x from these bytes says; the path is left out.
std::string npz_refusal(const std::string& bytes) {
  const TestFile file("a.npz", bytes);
  std::string said = refusal_of<DataError>([&] { map_npz(file.path(), "x"); });
  const std::size_t at = said.find(file.path());
  return at == std::string::npos ? said : said.replace(at, file.path().size(), "a.npz");
}

const std::vector<double> kValues = {1.5, -2};

TEST(Npz, ReadsWhatNumPyWrites) {
  // numpy.savez_compressed(path, y=numpy.array([1.5, -2], 'f4')) by NumPy 2.
  constexpr unsigned char kFile[] = {
      0x50, 0x4b, 0x03, 0x04, 0x2d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xd6,
      0x43, 0x4b, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x05, 0x00, 0x14, 0x00,
      0x79, 0x2e, 0x6e, 0x70, 0x79, 0x01, 0x00, 0x10, 0x00, 0x88, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x4b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9b, 0xec, 0x17, 0xea, 0x1b,
      0x10, 0xc9, 0xc8, 0x50, 0xc6, 0x50, 0xad, 0x9e, 0x92, 0x5a, 0x9c, 0x5c, 0xa4, 0x6e, 0xa5,
      0xa0, 0x6e, 0x93, 0x66, 0xa2, 0xae, 0xa3, 0xa0, 0x9e, 0x96, 0x5f, 0x54, 0x52, 0x94, 0x98,
      0x17, 0x9f, 0x5f, 0x94, 0x92, 0x0a, 0x12, 0x77, 0x4b, 0xcc, 0x29, 0x4e, 0x05, 0x8a, 0x17,
      0x67, 0x24, 0x16, 0xa4, 0x02, 0xf9, 0x1a, 0x46, 0x3a, 0x9a, 0x3a, 0x0a, 0xb5, 0x0a, 0x14,
      0x00, 0x2e, 0x06, 0x86, 0x03, 0xf6, 0x0c, 0x40, 0x02, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x2d,
      0x03, 0x2d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xd6, 0x43, 0x4b, 0x05,
      0x4b, 0x00, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x79, 0x2e, 0x6e, 0x70,
      0x79, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x33, 0x00,
      0x00, 0x00, 0x82, 0x00, 0x00, 0x00, 0x00, 0x00,
  };
  const TestFile file("a.npz",
                      std::string_view(reinterpret_cast<const char*>(kFile), sizeof kFile));
  EXPECT_EQ(npz_keys(file.path()), std::vector<std::string>{"y"});
  const MappedArray array = map_npz(file.path(), "y");
  EXPECT_EQ(array.values(), kValues);
  EXPECT_EQ(array.type_name(), "float32");
  EXPECT_EQ(array.name(), file.path() + "[y]");
}

TEST(Npz, FindsStoredAndDeflatedMembersWithAndWithoutZip64) {
  ZipArchive archive;
  archive.add({"first.npy", array_file({7})});
  archive.add({"x.npy", array_file({1.5F, -2}), 8, deflated(array_file({1.5F, -2}))});
  ZipMember wide{"wide.npy", array_file({1.5F, -2})};
  wide.zip64 = true;
  archive.add(wide);
  archive.add({"notes.txt", "hello"});
  const std::string body = archive.members + archive.directory;
  for (const std::string& end :
       {archive.end(), archive.end(std::string("a comment with PK\5\6 in it") + '\0'),
        archive.end64()}) {
    const TestFile file("a.npz", body + end);
    EXPECT_EQ(npz_keys(file.path()), (std::vector<std::string>{"first", "x", "wide", "notes.txt"}));
    EXPECT_EQ(map_npz(file.path(), "first").values(), std::vector<double>{7});
    EXPECT_EQ(map_npz(file.path(), "x").values(), kValues);
    EXPECT_EQ(map_npz(file.path(), "wide").values(), kValues);
    EXPECT_EQ(
        refusal_of<DataError>([&] { map_npz(file.path(), "notes.txt"); }),
        file.path() +
            "[notes.txt]: not a whole .npy file: it does not begin as one; write or copy it again");
  }
}

TEST(Npz, AnEmptyArchiveHasNoKeys) {
  const TestFile file("a.npz", ZipArchive().whole());
  EXPECT_TRUE(npz_keys(file.path()).empty());
}

TEST(Npz, AnUnknownKeyNamesThoseThatAreThere) {
  ZipArchive archive;
  archive.add({"embeddings.npy", array_file({7})});
  archive.add({"y.npy", array_file({7})});
  const TestFile file("a.npz", archive.whole());
  const auto key_refusal = [&](const std::string& key) {
    return refusal_of<UsageError>([&] { map_npz(file.path(), key, "--features-key"); });
  };
  EXPECT_EQ(key_refusal("embedding"), "--features-key = embedding: " + file.path() +
                                          " has no such array; did you mean 'embeddings'? it has "
                                          "'embeddings', 'y'");
  EXPECT_EQ(key_refusal("labels"), "--features-key = labels: " + file.path() +
                                       " has no such array; it has 'embeddings', 'y'");
  file.put(ZipArchive().whole());
  EXPECT_EQ(key_refusal("y"),
            "--features-key = y: " + file.path() + " has no such array; it has none");
}

TEST(Npz, RefusesTwoArraysOfOneName) {
  const auto twice = [](const std::string& second) {
    ZipArchive archive;
    archive.add({"x.npy", array_file({7})});
    archive.add({second, array_file({8})});
    return npz_refusal(archive.whole());
  };
  EXPECT_EQ(twice("x.npy"),
            "a.npz: not a whole .npz archive: it has two members of the name x.npy; "
            "write or copy it again");
  EXPECT_EQ(twice("x"), "a.npz: has two arrays of the name x; write the archive again");
}

TEST(Npz, RefusesWhatIsEncryptedOrPackedInAnotherWay) {
  const std::string content = array_file({1});
  EXPECT_EQ(npz_refusal(archive_of({"x.npy", content, 0, content, 1})),
            "a.npz: member x.npy is encrypted; write the archive without");
  EXPECT_EQ(npz_refusal(archive_of({"x.npy", content, 14})),
            "a.npz: member x.npy is compressed by method 14; write the archive with numpy.savez or "
            "numpy.savez_compressed");
}

TEST(Npz, RefusesContentThatIsDamaged) {
  const std::string content = array_file({1});
  const auto said = [](const ZipMember& member) {
    const std::string all = npz_refusal(archive_of(member));
    const std::string prefix = "a.npz: not a whole .npz archive: ";
    return all.starts_with(prefix) ? all.substr(prefix.size()) : all;
  };
  const std::string again = "; write or copy it again";
  for (const unsigned method : {0U, 8U}) {
    const std::string packed = method == 0 ? content : deflated(content);
    EXPECT_EQ(said({"x.npy", content, method, packed, 0, crc_of(content) + 1}),
              "the content of member x.npy does not have its CRC-32" + again);
  }
  EXPECT_EQ(said({"x.npy", content, 0, content + "!"}), "member x.npy has two lengths" + again);
  const std::string misfit = "member x.npy does not inflate to the length that it claims" + again;
  EXPECT_EQ(said({"x.npy", content, 8, deflated(content + "!")}), misfit);
  EXPECT_EQ(said({"x.npy", content + "!", 8, deflated(content)}), misfit);
  EXPECT_EQ(said({"x.npy", content, 8, deflated(content) + "!"}), misfit);
  EXPECT_EQ(said({"x.npy", content, 8, deflated(content).substr(0, 50)}), misfit);
  EXPECT_EQ(said({"x.npy", content, 8, "\7" + deflated(content)}), misfit);  // no such block
  EXPECT_EQ(said({"x.npy", content, 8, ""}), misfit);
  ZipMember bomb{"x.npy", content, 8, deflated(content)};
  bomb.claimed = 2'000'000;
  bomb.packed.resize(1000);
  EXPECT_EQ(said(bomb), "member x.npy claims to inflate 1000 bytes to 2000000" + again);
  bomb.claimed = 1032 * 1000 + 65536;
  EXPECT_EQ(said(bomb), misfit);
  EXPECT_EQ(said({"x\n.npy", content}),
            "the name of a member, x?.npy, has control characters" + again);
}

TEST(Npz, RefusesArchivesThatAreCutOrChanged) {
  ZipArchive archive;
  archive.add({"x.npy", array_file({1.5F, -2})});
  const std::string whole = archive.whole();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(npz_refusal(whole.substr(0, length)), "(no error)") << length;
  }
  EXPECT_EQ(npz_refusal(whole.substr(0, 60)),
            "a.npz: not a whole .npz archive: it is truncated: its directory is missing; write or "
            "copy it again");
  EXPECT_EQ(npz_refusal("hello"),
            "a.npz: not a whole .npz archive: it is no zip archive; write or copy it again");
  // Every byte changed in turn: refused, or the same numbers (times, comments and the like).
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    const TestFile file("a.npz", changed);
    try {
      EXPECT_EQ(map_npz(file.path(), "x").values(), kValues) << at;
    } catch (const DataError&) {
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("no such array"), std::string::npos) << at;
    }
  }
}

TEST(Npz, RefusesDirectoriesThatDoNotFitTheFile) {
  ZipArchive archive;
  archive.add({"x.npy", array_file({1})});
  const auto said = [&](std::size_t at, const std::string& bytes) {
    std::string changed = archive.whole();
    changed.replace(changed.size() - 22 + at, bytes.size(), bytes);
    std::string all = npz_refusal(changed);
    return all.substr(std::string("a.npz: not a whole .npz archive: ").size());
  };
  const std::string again = "; write or copy it again";
  EXPECT_EQ(said(4, u16(1)), "it is spread over several files" + again);
  EXPECT_EQ(said(8, u16(2)), "it is spread over several files" + again);
  EXPECT_EQ(said(8, u16(9) + u16(9)),
            "its directory is shorter than its number of members" + again);
  EXPECT_EQ(said(12, u32(4000)), "its directory is out of bounds" + again);
  EXPECT_EQ(said(16, u32(4000)), "its directory is out of bounds" + again);
  EXPECT_EQ(said(8, u16(0) + u16(0)), "its directory is longer than its members" + again);
  EXPECT_EQ(said(16, u32(archive.members.size() - 1)), "its directory is damaged" + again);
  std::string lost = archive.members + archive.directory + archive.end64();
  lost.replace(lost.size() - 22 - 12, 8, u64(5));
  EXPECT_EQ(npz_refusal(lost),
            "a.npz: not a whole .npz archive: its zip64 record is not where it "
            "should be" +
                again);
  ZipArchive narrow;
  ZipMember wide{"x.npy", array_file({1})};
  wide.zip64 = true;
  narrow.add(wide);
  const std::size_t extra = narrow.directory.find(u16(1) + u16(24));
  narrow.directory.replace(extra, 4, u16(2) + u16(24));
  // Without its numbers the member is as long as 32 bits can say.
  EXPECT_EQ(npz_refusal(narrow.whole()),
            "a.npz: not a whole .npz archive: member x.npy is damaged" + again);
}

}  // namespace
}  // namespace esscher
