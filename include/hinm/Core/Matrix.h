//===- Matrix.h - Row-major matrices ----------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A non-owning view of a dense row-major matrix, and an owning one. Weights
/// come as views over the compiler's constants, so nothing is copied.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_MATRIX_H
#define HINM_CORE_MATRIX_H

#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

namespace hinm::core {

/// Rows × columns elements of \p T, row after row, owned by somebody else.
template <typename T>
class MatrixView {
public:
  MatrixView(const T *data, int64_t rows, int64_t cols)
      : data(data), rows(rows), cols(cols) {}

  int64_t getRows() const { return rows; }
  int64_t getCols() const { return cols; }
  const T *row(int64_t r) const {
    assert(r >= 0 && r < rows && "row out of range");
    return data + r * cols;
  }
  const T &operator()(int64_t r, int64_t c) const {
    assert(c >= 0 && c < cols && "column out of range");
    return row(r)[c];
  }

private:
  const T *data;
  int64_t rows, cols;
};

/// A matrix that owns its elements, zero at first.
template <typename T>
class Matrix {
public:
  Matrix() = default;
  Matrix(int64_t rows, int64_t cols)
      : elements(rows * cols), rows(rows), cols(cols) {}
  /// Takes over \p elements, row after row.
  Matrix(std::vector<T> elements, int64_t rows, int64_t cols)
      : elements(std::move(elements)), rows(rows), cols(cols) {
    assert(static_cast<int64_t>(this->elements.size()) == rows * cols &&
           "not the elements of such a matrix");
  }

  int64_t getRows() const { return rows; }
  int64_t getCols() const { return cols; }
  T *row(int64_t r) { return elements.data() + r * cols; }
  const T *row(int64_t r) const { return elements.data() + r * cols; }
  T &operator()(int64_t r, int64_t c) { return row(r)[c]; }
  const T &operator()(int64_t r, int64_t c) const { return row(r)[c]; }
  const std::vector<T> &getElements() const { return elements; }
  operator MatrixView<T>() const { return {elements.data(), rows, cols}; }

private:
  std::vector<T> elements;
  int64_t rows = 0, cols = 0;
};

} // namespace hinm::core

#endif // HINM_CORE_MATRIX_H
