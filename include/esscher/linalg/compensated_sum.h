#pragma once

/// \file
/// Sums whose rounding error does not grow with the number of terms.

#include <cmath>

namespace esscher {

/// Neumaier's compensated summation: the result carries an error of about one unit in the last
/// place of the sum plus n eps^2 sum|x|, against n eps sum|x| for a plain loop (A. Neumaier,
/// ZAMM 54, 1974). The order of the terms matters to the last bit only, but it does matter: add in
/// a fixed order where bits must repeat.
class CompensatedSum {
 public:
  void add(double term) {
    const double total = sum_ + term;
    // The branch picks the operand whose low bits were lost.
    if (std::abs(sum_) >= std::abs(term)) {
      correction_ += (sum_ - total) + term;
    } else {
      correction_ += (term - total) + sum_;
    }
    sum_ = total;
  }

  double value() const { return sum_ + correction_; }

 private:
  double sum_ = 0;
  double correction_ = 0;
};

}  // namespace esscher
