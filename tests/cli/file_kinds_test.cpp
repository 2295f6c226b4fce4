// Files of kinds that are not read: one line says how to convert them.

#include <gtest/gtest.h>

#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

TEST(FileKinds, DataOfAnotherKindSayHowToConvertThem) {
  const Folder folder;
  folder.write("it's.parquet", "PAR1");
  expect_parts(refused({"fit", "it's.parquet", "--reward", "y", "-o", "m.safetensors"}, folder),
               {"64 ", "--data = 'it's.parquet'", "Parquet files are not read",
                "convert it: python -c \"import pandas; "
                "pandas.read_parquet('it\\x27s.parquet').to_csv('it\\x27s.csv', index=False)\"\n"});
  folder.write("x.csv", "PAR1\x15\x04");
  expect_parts(refused({"evaluate", "x.csv", "--reward", "y"}, folder),
               {"64 ", "--data = 'x.csv'", "Parquet files are not read",
                "read_parquet('x.csv').to_csv('x.converted.csv'"});
}

TEST(FileKinds, EveryFileOfACommandIsLookedAt) {
  const Folder folder;
  folder.write("x.csv", data_csv());
  folder.write("t.xlsx", "");
  folder.write("y.pt", "");
  expect_parts(refused({"fit", "x.csv", "--table", "t.xlsx", "--reward", "y", "-o", "m"}, folder),
               {"64 ", "--table = 't.xlsx'", "Excel files are not read", "read_excel('t.xlsx')"});
  expect_parts(refused({"fit", "x.csv", "--reward", "y.pt", "-o", "m"}, folder),
               {"64 ", "--reward = 'y.pt'", "PyTorch files are not read",
                "torch.load('y.pt', map_location='cpu'); numpy.savez('y.npz'"});
  ASSERT_EQ(run({"fit", "x.csv", "--reward", "y", "--features", "a,b", "--beta", "1", "-o",
                 "m.safetensors"},
                folder)
                .exit_code,
            0);
  expect_parts(refused({"predict", "m.safetensors", "new.feather", "-o", "r.npy"}, folder),
               {"64 ", "--data = 'new.feather'", "Feather files are not read"});
}

}  // namespace
}  // namespace esscher::cli
