#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../support/all_rows.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/data/feature_transform.h"

namespace esscher {
namespace {

/// Ten rows of two.
Matrix<double> normals() {
  Matrix<double> x(10, 2);
  RandomStream(1, "test/normals").fill_normal(0, x.values());
  return x;
}

FeatureTransform fit_checked(const Matrix<double>& x, const TransformOptions& options,
                             std::span<const double> log_weights = {}) {
  return fit_transform(HeldFeatures(x), all_rows(x.rows()), log_weights, options);
}

template <class Call>
std::string transform_failure(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

TEST(FeatureTransformErrors, RefusesWhatCannotBeScaled) {
  const Matrix<double> x = normals();
  EXPECT_EQ(transform_failure([&] { fit_transform(HeldFeatures(x), all_rows(1)); }),
            "rows = 1: a transform is learned from at least 2");
  std::vector<double> log_weights(10, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(transform_failure([&] { fit_checked(x, {}, log_weights); }),
            "weights: all are 0; give some row a weight");
  log_weights[3] = 0;
  EXPECT_EQ(transform_failure([&] { fit_checked(x, {}, log_weights); }),
            "rows of positive weight = 1: a transform is learned from at least 2");
  log_weights[4] = std::nan("");
  EXPECT_EQ(transform_failure([&] { fit_checked(x, {}, log_weights); }),
            "log weight 5 = nan: must be finite, or -inf for no weight");
  EXPECT_EQ(transform_failure([&] { fit_checked(Matrix<double>(10, 2, 3.0), {}); }),
            "features: all 2 columns are constant over the 10 training rows; nothing can be "
            "learned from them");
  EXPECT_EQ(transform_failure([&] { fit_checked(Matrix<double>(10, 0), {}); }),
            "features: there are no columns; choose some");
  for (const double size : {1e-200, 1e200, 1e308}) {
    Matrix<double> wide = x;
    for (std::size_t i = 0; i < 10; ++i) wide(i, 1) = i % 2 == 0 ? size : -size;
    const std::string message = transform_failure([&] { fit_checked(wide, {}); });
    EXPECT_TRUE(message.starts_with("feature 2: ranges from -")) << message;
    EXPECT_TRUE(
        message.ends_with(", a spread beyond what can be scaled; change its unit or leave it out"))
        << message;
  }
}

TEST(FeatureTransformErrors, RefusesOptionsOutOfRange) {
  EXPECT_EQ(transform_failure([] { parse_transform("whitten"); }),
            "--transform = whitten: must be none, standardise or whiten; did you mean whiten?");
  const Matrix<double> x = normals();
  TransformOptions options;
  options.shrinkage = 1.5;
  EXPECT_EQ(transform_failure([&] { fit_checked(x, options); }),
            "--shrinkage = 1.5: must lie in [0, 1]");
  options = {};
  options.null_tolerance = 0;
  EXPECT_EQ(transform_failure([&] { fit_checked(x, options); }),
            "null tolerance = 0: must lie in [1e-12, 1)");
  Matrix<double> wide(2, 4097);
  std::ranges::fill(wide.row(1), 1.0);
  EXPECT_EQ(transform_failure([&] { fit_checked(wide, {}); }),
            "--transform = whiten: 4097 columns exceed the 4096 that can be whitened; take "
            "standardise, or fewer features");
}

TEST(FeatureTransformErrors, RefusesResultsBeyondSinglePrecision) {
  Matrix<double> x = normals();
  TransformOptions none;
  none.kind = TransformKind::none;
  const FeatureTransform transform = fit_checked(x, none);
  x(4, 1) = 1e60;
  Matrix<float> floats(10, 2);
  const std::string message = transform_failure([&] { transform.apply(x.view(), floats.view()); });
  EXPECT_TRUE(message.starts_with("transformed feature 2 = ")) << message;
  EXPECT_TRUE(
      message.ends_with("is not a finite number of its precision; look for a value far "
                        "from those that were fitted"))
      << message;
  Matrix<double> narrow(10, 1);
  EXPECT_THROW(transform.apply(x.view(), narrow.view()), InternalError);
}

}  // namespace
}  // namespace esscher
