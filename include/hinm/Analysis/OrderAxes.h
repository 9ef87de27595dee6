//===- OrderAxes.h - How the orders of dimensions hang together -*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Axes are what the orders of dimensions are made of. An axis is free (any
/// order of its elements will do), or a product of an outer and an inner axis
/// (blocks change places, and all blocks are ordered alike), or a sum of parts
/// that follow each other. Saying that two axes have one order unifies them, as
/// a type checker unifies types: a free axis becomes what the other one is, and
/// where one is cut, so is the other.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_ANALYSIS_ORDERAXES_H
#define HINM_ANALYSIS_ORDERAXES_H

#include "hinm/Core/Permutation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <utility>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace hinm {

class OrderAxes {
public:
  /// The name of an axis. Axes that have become one have several.
  using Axis = unsigned;

  /// A new free axis of \p size elements.
  Axis makeFree(int64_t size);
  /// Index i·size(inner) + j for i of \p outer and j of \p inner.
  Axis makeProduct(Axis outer, Axis inner);
  /// \p parts, of which there is one at least, one after the other.
  Axis makeSum(llvm::ArrayRef<Axis> parts);

  int64_t getSize(Axis axis) const { return nodes[axis].size; }

  /// From now on \p a and \p b, of one size, have the same order.
  void unify(Axis a, Axis b);

  /// The outer axis of \p outerSize blocks and the inner one of \p axis, which
  /// becomes their product. Nothing, and the axis is frozen, if the blocks do
  /// not fit its structure.
  std::optional<std::pair<Axis, Axis>> split(Axis axis, int64_t outerSize);

  /// The axis of the elements offset, offset + stride, … of \p axis, `size` of
  /// them and at least one. Nothing, and the axis is frozen, if it cannot be
  /// cut so.
  std::optional<Axis> getRange(Axis axis, int64_t offset, int64_t size,
                               int64_t stride = 1);

  /// Axes that have to keep their order, as they are not of one structure with
  /// another one: those since the last call.
  llvm::SmallVector<Axis> takeFrozen() { return std::exchange(frozen, {}); }

  /// What follows names a free axis by its \ref resolve.
  Axis resolve(Axis axis) const;
  bool isFree(Axis axis) const {
    return nodes[resolve(axis)].kind == Kind::Free;
  }

  /// Calls \p visit for every place of a free axis of more than one element in
  /// \p axis: element u of it is the \p block indices from offset + u·block on.
  void
  forEachFree(Axis axis,
              llvm::function_ref<void(Axis leaf, int64_t offset, int64_t block)>
                  visit) const;

  /// The free axes of more than one element in \p axis, each once.
  void collectFree(Axis axis, llvm::SmallSetVector<Axis, 2> &leaves) const;

  /// Prints \p axis as (a x b) or (a + b), with free axes printed by \p leaf.
  void print(llvm::raw_ostream &os, Axis axis,
             llvm::function_ref<void(Axis)> leaf) const;

  /// The order of \p axis if \p leaf has order \p order and all else its own.
  core::Permutation expand(Axis axis, Axis leaf,
                           llvm::ArrayRef<int32_t> order) const;

  using Orders = llvm::MapVector<Axis, core::Permutation>;
  /// The orders of free axes, other than the identity, that \p order of \p axis
  /// consists of; nothing if it is not made of such.
  std::optional<Orders> decompose(Axis axis,
                                  llvm::ArrayRef<int32_t> order) const;

private:
  enum class Kind { Free, Product, Sum };
  struct Node {
    Kind kind;
    int64_t size;
    /// Another axis that this one has become; itself at first.
    Axis forward;
    llvm::SmallVector<Axis, 2> parts;
  };

  Axis make(Kind kind, int64_t size, llvm::ArrayRef<Axis> parts);
  Axis find(Axis axis);
  void bind(Axis free, Axis to) { nodes[find(free)].forward = find(to); }
  void freeze(Axis axis) { frozen.push_back(axis); }

  void unifyProducts(Axis a, Axis b);
  void unifySums(Axis a, Axis b);
  std::optional<std::pair<Axis, Axis>> splitUnlessCut(Axis axis,
                                                      int64_t outerSize);
  std::optional<std::pair<Axis, Axis>> splitSum(Axis sum, int64_t outerSize);
  std::optional<Axis> getRangeUnlessCut(Axis axis, int64_t offset, int64_t size,
                                        int64_t stride);
  std::optional<Axis> getStridedRange(Axis axis, int64_t offset, int64_t size,
                                      int64_t stride);
  /// The parts of \p axis, none of them a sum.
  void flatten(Axis axis, llvm::SmallVectorImpl<Axis> &parts);

  void visitFree(Axis axis, int64_t offset, int64_t block,
                 llvm::function_ref<void(Axis, int64_t, int64_t)> visit) const;
  bool decompose(Axis axis, llvm::ArrayRef<int32_t> order,
                 Orders &orders) const;

  llvm::SmallVector<Node, 0> nodes;
  llvm::SmallVector<Axis> frozen;
};

} // namespace hinm

#endif // HINM_ANALYSIS_ORDERAXES_H
