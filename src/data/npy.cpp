#include "esscher/data/npy.h"

#include <bit>
#include <cstdint>

#include "esscher/data/atomic_file.h"

namespace esscher {

void write_npy(const std::string& path, MatrixView<const double> values) {
  static_assert(std::endian::native == std::endian::little, "doubles are written as they lie");
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" +
                       std::to_string(values.rows) + ", " + std::to_string(values.columns) + "), }";
  // Magic, version and length take 10 bytes; the format wants the array to begin at a multiple
  // of 64.
  constexpr std::size_t kPreamble = 10;
  while ((kPreamble + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());

  AtomicFile file(path, "-o");
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  file.write(&length, sizeof length);
  file.write(header);
  for (std::size_t i = 0; i < values.rows; ++i) {
    const auto row = values.row(i);
    file.write(row.data(), row.size_bytes());
  }
  file.commit();
}

}  // namespace esscher
