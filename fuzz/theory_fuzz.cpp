#include <cmath>
#include <cstdlib>
#include <string>

#include "esscher/theory/exponents.h"
#include "esscher/theory/feature_temperature.h"
#include "esscher/theory/tilted_law.h"
#include "fuzz_bytes.h"

// The first byte is a temperature, 2^-32 to 2^32, the rest a link: any formula, scale or place ends
// in numbers or in one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  if (size < 2 || size > 80) return 0;
  const double beta = std::exp2((data[0] - 128) / 4.0);
  const std::string spec(reinterpret_cast<const char*>(data + 1), size - 1);
  // No file is to be read.
  if (spec.find("table") != std::string::npos) return 0;
  fuzz::run([&] {
    const SingleIndexModel model{parse_link(spec, "fuzz"), Noise()};
    const TiltedLaw law = tilted_law(model.link, beta);
    if (!std::isfinite(law.log_partition) || !std::isfinite(law.mean_reward) ||
        !std::isfinite(law.kl) || !(law.reward_variance >= 0)) {
      std::abort();
    }
    const Exponents found = exponents(model, {.max_order = 2});
    for (const double lambda : found.lambda_squared) {
      if (!std::isfinite(lambda)) std::abort();
    }
    if (!found.generative) return;
    const auto k = static_cast<std::size_t>(*found.generative);
    feature_temperatures(model, *found.generative, found.lambda_squared[k],
                         {.reach = 30, .grid = 8});
  });
  return 0;
}
