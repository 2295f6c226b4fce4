#include <cstdlib>
#include <string_view>
#include <vector>

#include "fuzz_bytes.h"
#include "io/dialect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  // A copy of just this size: what is looked at behind the end is seen.
  const std::vector<char> bytes(data, data + size);
  for (const bool whole : {true, false}) {
    fuzz::run([&] {
      const internal::Dialect dialect =
          internal::find_dialect({bytes.data(), bytes.size()}, whole, {}, ',', "fuzz");
      const bool known = dialect.numbers.decimal == '.' || dialect.numbers.decimal == ',';
      if (dialect.begin > size || !known) std::abort();
      // Who says what was found finds the same.
      TableFormat said;
      said.delimiter = std::string(1, dialect.delimiter);
      const internal::Dialect again =
          internal::find_dialect({bytes.data(), bytes.size()}, whole, said, ',', "fuzz");
      const bool same = again.delimiter == dialect.delimiter && again.begin == dialect.begin &&
                        again.numbers.decimal == dialect.numbers.decimal &&
                        again.numbers.grouped == dialect.numbers.grouped;
      if (!same) std::abort();
    });
  }
  return 0;
}
