#pragma once

/// \file
/// Matrices as the rooms hand them to each other: row-major, rows of samples or of neurons.

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace esscher {

/// rows x columns numbers that somebody else owns; row i begins at data + i * stride.
/// MatrixView<const T> is read-only, and every MatrixView<T> converts to it.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;  ///< in elements, >= columns

  T& operator()(std::size_t i, std::size_t j) const { return data[i * stride + j]; }
  std::span<T> row(std::size_t i) const { return {data + i * stride, columns}; }
  /// Rows [first, first + count).
  MatrixView rows_from(std::size_t first, std::size_t count) const {
    return {data + first * stride, count, columns, stride};
  }
  // Implicit, as for std::span.
  operator MatrixView<const T>() const  // NOLINT(google-explicit-constructor)
      requires(!std::is_const_v<T>) {
    return {data, rows, columns, stride};
  }
};

namespace internal {

/// Large blocks in large pages where the system has them: matrices of some megabytes come and go,
/// and a page fault for each 4 KiB of them takes an eighth of the time that their products take.
/// \throws std::bad_alloc
void* allocate_numbers(std::size_t bytes);
void free_numbers(void* block, std::size_t bytes) noexcept;

template <class T>
struct NumberAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): as the standard asks
  NumberAllocator() = default;
  template <class U>
  NumberAllocator(const NumberAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) {
    if (n > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_numbers(n * sizeof(T)));
  }
  void deallocate(T* block, std::size_t n) noexcept { free_numbers(block, n * sizeof(T)); }
  /// Values that are not given are not set.
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Values>
  void construct(U* at, Values&&... values) {
    ::new (static_cast<void*>(at)) U(std::forward<Values>(values)...);
  }
  friend bool operator==(const NumberAllocator&, const NumberAllocator&) { return true; }
};

}  // namespace internal

/// Owns its rows x columns numbers, without gaps.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns, T value = T())
      : rows_(rows), columns_(columns), values_(rows * columns, value) {}
  /// Its numbers are not set: for what is then written whole, perhaps by several threads, which
  /// share the work of fresh pages.
  static Matrix unset(std::size_t rows, std::size_t columns) {
    Matrix matrix;
    matrix.rows_ = rows;
    matrix.columns_ = columns;
    matrix.values_ = decltype(values_)(rows * columns);
    return matrix;
  }

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  bool empty() const { return values_.empty(); }
  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  T& operator()(std::size_t i, std::size_t j) { return values_[i * columns_ + j]; }
  const T& operator()(std::size_t i, std::size_t j) const { return values_[i * columns_ + j]; }
  std::span<T> row(std::size_t i) { return {data() + i * columns_, columns_}; }
  std::span<const T> row(std::size_t i) const { return {data() + i * columns_, columns_}; }
  std::span<T> values() { return values_; }
  std::span<const T> values() const { return values_; }
  MatrixView<T> view() { return {data(), rows_, columns_, columns_}; }
  MatrixView<const T> view() const { return {data(), rows_, columns_, columns_}; }

  friend bool operator==(const Matrix&, const Matrix&) = default;

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::vector<T, internal::NumberAllocator<T>> values_;
};

}  // namespace esscher
