#include "features/sample_label.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/model/samples.h"

namespace esscher {
namespace {

// On 2^18 labels of a bounded law the root mean square is known to 0.3 %, ten times less than the
// tolerance's excess over it.
TEST(SampleLabel, AgreesWithTheLawThatTheSampleComesFrom) {
  const SingleIndexModel model{parse_link("tanh"), parse_noise("uniform:0.3")};
  constexpr std::size_t kCount = 1 << 18;
  std::vector<double> labels(kCount);
  RandomStream(1, "z").fill_normal(0, labels);
  model.link.evaluate(labels, labels);
  add_noise(model.noise, RandomStream(1, "noise"), 0, labels);
  const std::vector<double> shares(kCount, 1.0 / kCount);
  for (const Weighting weighting :
       {Weighting::none, Weighting::exp, Weighting::label_exp, Weighting::centred}) {
    const WeightedLabel exact = standardised_label(model, weighting, 0.7, -INFINITY, INFINITY);
    WeightedLabel found;
    found.weighting = weighting;
    found.inverse_temperature = 1 / 0.7;
    internal::standardise_on_sample(labels, shares, found);
    for (const double y : {-0.9, 0.1, 0.8}) {
      EXPECT_NEAR(found(y), exact(y), 0.03) << weighting_name(weighting) << " at " << y;
    }
  }
}

}  // namespace
}  // namespace esscher
