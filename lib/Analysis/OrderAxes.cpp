//===- OrderAxes.cpp - How the orders of dimensions hang together ---------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/OrderAxes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>
#include <numeric>

using namespace hinm;

using Axis = OrderAxes::Axis;

//===----------------------------------------------------------------------===//
// Making axes
//===----------------------------------------------------------------------===//

Axis OrderAxes::make(Kind kind, int64_t size, llvm::ArrayRef<Axis> parts) {
  const Axis axis = nodes.size();
  nodes.push_back({kind, size, axis,
                   llvm::SmallVector<Axis, 2>(parts.begin(), parts.end())});
  return axis;
}

Axis OrderAxes::makeFree(int64_t size) { return make(Kind::Free, size, {}); }

Axis OrderAxes::makeProduct(Axis outer, Axis inner) {
  if (getSize(outer) == 1)
    return inner;
  if (getSize(inner) == 1)
    return outer;
  return make(Kind::Product, getSize(outer) * getSize(inner), {outer, inner});
}

Axis OrderAxes::makeSum(llvm::ArrayRef<Axis> parts) {
  assert(!parts.empty() && "a sum of nothing");
  if (parts.size() == 1)
    return parts.front();
  int64_t size = 0;
  for (Axis part : parts)
    size += getSize(part);
  return make(Kind::Sum, size, parts);
}

Axis OrderAxes::find(Axis axis) {
  const Axis root = resolve(axis);
  while (axis != root)
    axis = std::exchange(nodes[axis].forward, root);
  return root;
}

Axis OrderAxes::resolve(Axis axis) const {
  while (nodes[axis].forward != axis)
    axis = nodes[axis].forward;
  return axis;
}

//===----------------------------------------------------------------------===//
// Unification
//===----------------------------------------------------------------------===//

void OrderAxes::unify(Axis a, Axis b) {
  a = find(a);
  b = find(b);
  if (a == b)
    return;
  assert(getSize(a) == getSize(b) && "axes of different sizes");
  if (isFree(a))
    return bind(a, b);
  if (isFree(b))
    return bind(b, a);

  const size_t before = frozen.size();
  if (nodes[a].kind == Kind::Sum && nodes[b].kind == Kind::Sum) {
    unifySums(a, b);
  } else if (nodes[a].kind == Kind::Product && nodes[b].kind == Kind::Product) {
    unifyProducts(a, b);
  } else {
    if (nodes[a].kind == Kind::Product)
      std::swap(a, b);
    const Axis outer = nodes[b].parts[0], inner = nodes[b].parts[1];
    if (auto halves = split(a, getSize(outer))) {
      unify(halves->first, outer);
      unify(halves->second, inner);
    } else {
      freeze(b);
    }
  }
  // The same tree now, unless a part of it is the same only at rest.
  if (frozen.size() == before)
    bind(a, b);
}

void OrderAxes::unifyProducts(Axis a, Axis b) {
  const int64_t common =
      std::gcd(getSize(nodes[a].parts[0]), getSize(nodes[b].parts[0]));
  auto first = common > 1 ? split(a, common) : std::nullopt;
  auto second = common > 1 ? split(b, common) : std::nullopt;
  if (!first || !second) {
    freeze(a);
    freeze(b);
    return;
  }
  unify(first->first, second->first);
  unify(first->second, second->second);
}

void OrderAxes::flatten(Axis axis, llvm::SmallVectorImpl<Axis> &parts) {
  axis = find(axis);
  if (nodes[axis].kind != Kind::Sum) {
    parts.push_back(axis);
    return;
  }
  const llvm::SmallVector<Axis, 2> own = nodes[axis].parts;
  for (Axis part : own)
    flatten(part, parts);
}

void OrderAxes::unifySums(Axis a, Axis b) {
  // Stacks of what is left of each.
  llvm::SmallVector<Axis> left, right;
  flatten(a, left);
  flatten(b, right);
  std::reverse(left.begin(), left.end());
  std::reverse(right.begin(), right.end());
  while (!left.empty()) {
    Axis x = left.pop_back_val(), y = right.pop_back_val();
    if (getSize(x) != getSize(y)) {
      const bool xIsLonger = getSize(x) > getSize(y);
      Axis &longer = xIsLonger ? x : y;
      const int64_t size = getSize(xIsLonger ? y : x);
      auto head = getRange(longer, 0, size);
      auto tail = getRange(longer, size, getSize(longer) - size);
      if (!head || !tail) {
        freeze(a);
        freeze(b);
        return;
      }
      longer = *head;
      (xIsLonger ? left : right).push_back(*tail);
    }
    unify(x, y);
  }
}

//===----------------------------------------------------------------------===//
// Cutting
//===----------------------------------------------------------------------===//

std::optional<std::pair<Axis, Axis>> OrderAxes::split(Axis axis,
                                                      int64_t outerSize) {
  auto halves = splitUnlessCut(axis, outerSize);
  if (!halves)
    freeze(axis);
  return halves;
}

std::optional<std::pair<Axis, Axis>>
OrderAxes::splitUnlessCut(Axis axis, int64_t outerSize) {
  axis = find(axis);
  const int64_t size = getSize(axis);
  if (outerSize == 1)
    return std::pair(makeFree(1), axis);
  if (outerSize == size)
    return std::pair(axis, makeFree(1));
  if (size % outerSize != 0)
    return std::nullopt;
  if (nodes[axis].kind == Kind::Sum)
    return splitSum(axis, outerSize);
  if (nodes[axis].kind == Kind::Free) {
    const Axis outer = makeFree(outerSize);
    const Axis inner = makeFree(size / outerSize);
    bind(axis, makeProduct(outer, inner));
    return std::pair(outer, inner);
  }
  const Axis outer = nodes[axis].parts[0], inner = nodes[axis].parts[1];
  if (getSize(outer) % outerSize == 0) {
    auto halves = split(outer, outerSize);
    if (!halves)
      return std::nullopt;
    return std::pair(halves->first, makeProduct(halves->second, inner));
  }
  if (outerSize % getSize(outer) == 0) {
    auto halves = split(inner, outerSize / getSize(outer));
    if (!halves)
      return std::nullopt;
    return std::pair(makeProduct(outer, halves->first), halves->second);
  }
  return std::nullopt;
}

std::optional<std::pair<Axis, Axis>> OrderAxes::splitSum(Axis sum,
                                                         int64_t outerSize) {
  const int64_t block = getSize(sum) / outerSize;
  llvm::SmallVector<Axis> rest, outers;
  flatten(sum, rest);
  std::reverse(rest.begin(), rest.end());
  std::optional<Axis> inner;
  while (!rest.empty()) {
    Axis part = rest.pop_back_val();
    std::pair<Axis, Axis> halves;
    if (getSize(part) % block == 0) {
      // Blocks of one part change places among themselves.
      auto own = split(part, getSize(part) / block);
      if (!own)
        return std::nullopt;
      halves = *own;
    } else {
      // A block of several parts, or of their beginnings, stays where it is.
      llvm::SmallVector<Axis> pieces;
      int64_t missing = block;
      for (;; part = rest.pop_back_val()) {
        if (getSize(part) <= missing) {
          pieces.push_back(part);
        } else {
          auto head = getRange(part, 0, missing);
          auto tail = getRange(part, missing, getSize(part) - missing);
          if (!head || !tail)
            return std::nullopt;
          pieces.push_back(*head);
          rest.push_back(*tail);
        }
        missing -= getSize(pieces.back());
        if (missing == 0)
          break;
      }
      halves = {makeFree(1), makeSum(pieces)};
    }
    outers.push_back(halves.first);
    if (inner)
      unify(*inner, halves.second);
    else
      inner = halves.second;
  }
  return std::pair(makeSum(outers), *inner);
}

std::optional<Axis> OrderAxes::getRange(Axis axis, int64_t offset, int64_t size,
                                        int64_t stride) {
  auto range = getRangeUnlessCut(axis, offset, size, stride);
  if (!range)
    freeze(axis);
  return range;
}

std::optional<Axis> OrderAxes::getRangeUnlessCut(Axis axis, int64_t offset,
                                                 int64_t size, int64_t stride) {
  axis = find(axis);
  const int64_t whole = getSize(axis), end = offset + size;
  assert(offset >= 0 && size >= 1 && stride >= 1 &&
         offset + (size - 1) * stride < whole && "no range of the axis");
  if (size == whole)
    return axis;
  if (stride > 1 && size > 1)
    return getStridedRange(axis, offset, size, stride);

  switch (nodes[axis].kind) {
  case Kind::Free: {
    llvm::SmallVector<Axis> parts;
    if (offset > 0)
      parts.push_back(makeFree(offset));
    const Axis range = makeFree(size);
    parts.push_back(range);
    if (end < whole)
      parts.push_back(makeFree(whole - end));
    bind(axis, makeSum(parts));
    return range;
  }
  case Kind::Sum: {
    llvm::SmallVector<Axis> parts, cut;
    flatten(axis, parts);
    int64_t begin = 0;
    for (Axis part : parts) {
      const int64_t first = std::max(begin, offset);
      const int64_t last = std::min(begin + getSize(part), end);
      if (first < last) {
        auto piece = getRange(part, first - begin, last - first);
        if (!piece)
          return std::nullopt;
        cut.push_back(*piece);
      }
      begin += getSize(part);
    }
    return makeSum(cut);
  }
  case Kind::Product:
    break;
  }

  // Of a product: the end of one block, whole blocks, the beginning of another.
  const Axis outer = nodes[axis].parts[0], inner = nodes[axis].parts[1];
  const int64_t block = getSize(inner);
  llvm::SmallVector<Axis> pieces;
  while (offset < end) {
    const int64_t first = offset / block;
    std::optional<Axis> piece;
    int64_t taken;
    if (offset % block == 0 && end - offset >= block) {
      const int64_t count = (end - offset) / block;
      taken = count * block;
      auto blocks = getRange(outer, first, count);
      if (blocks)
        piece = makeProduct(*blocks, inner);
    } else {
      taken = std::min(end, (first + 1) * block) - offset;
      // That block is unlike the others now, and stays where it is.
      if (getRange(outer, first, 1))
        piece = getRange(inner, offset % block, taken);
    }
    if (!piece)
      return std::nullopt;
    pieces.push_back(*piece);
    offset += taken;
  }
  return makeSum(pieces);
}

std::optional<Axis> OrderAxes::getStridedRange(Axis axis, int64_t offset,
                                               int64_t size, int64_t stride) {
  // Rounds of `stride` elements, of which one is taken.
  const int64_t rounds = getSize(axis) / stride;
  if (offset / stride + size > rounds)
    return std::nullopt;
  std::optional<Axis> whole = getRange(axis, 0, rounds * stride);
  auto halves = whole ? split(*whole, rounds) : std::nullopt;
  if (!halves || !getRange(halves->second, offset % stride, 1))
    return std::nullopt;
  return getRange(halves->first, offset / stride, size);
}

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

void OrderAxes::forEachFree(
    Axis axis, llvm::function_ref<void(Axis, int64_t, int64_t)> visit) const {
  visitFree(axis, /*offset=*/0, /*block=*/1, visit);
}

void OrderAxes::visitFree(
    Axis axis, int64_t offset, int64_t block,
    llvm::function_ref<void(Axis, int64_t, int64_t)> visit) const {
  axis = resolve(axis);
  const Node &node = nodes[axis];
  switch (node.kind) {
  case Kind::Free:
    if (node.size != 1)
      visit(axis, offset, block);
    return;
  case Kind::Sum:
    for (Axis part : node.parts) {
      visitFree(part, offset, block, visit);
      offset += getSize(part) * block;
    }
    return;
  case Kind::Product: {
    const int64_t inner = getSize(node.parts[1]) * block;
    visitFree(node.parts[0], offset, inner, visit);
    for (int64_t i = 0; i < getSize(node.parts[0]); ++i)
      visitFree(node.parts[1], offset + i * inner, block, visit);
    return;
  }
  }
}

void OrderAxes::collectFree(Axis axis,
                            llvm::SmallSetVector<Axis, 2> &leaves) const {
  axis = resolve(axis);
  if (nodes[axis].kind == Kind::Free && nodes[axis].size != 1)
    leaves.insert(axis);
  for (Axis part : nodes[axis].parts)
    collectFree(part, leaves);
}

void OrderAxes::print(llvm::raw_ostream &os, Axis axis,
                      llvm::function_ref<void(Axis)> leaf) const {
  axis = resolve(axis);
  const Node &node = nodes[axis];
  if (node.kind == Kind::Free) {
    if (node.size == 1)
      os << '1';
    else
      leaf(axis);
    return;
  }
  // Sums of sums, and products of products, as one.
  llvm::SmallVector<Axis> parts(node.parts.begin(), node.parts.end());
  for (size_t i = 0; i < parts.size();) {
    const Node &part = nodes[resolve(parts[i])];
    if (part.kind != node.kind) {
      ++i;
      continue;
    }
    parts.erase(parts.begin() + i);
    parts.insert(parts.begin() + i, part.parts.begin(), part.parts.end());
  }
  os << '(';
  llvm::interleave(
      parts, os, [&](Axis part) { print(os, part, leaf); },
      node.kind == Kind::Sum ? " + " : " x ");
  os << ')';
}

core::Permutation OrderAxes::expand(Axis axis, Axis leaf,
                                    llvm::ArrayRef<int32_t> order) const {
  axis = resolve(axis);
  const Node &node = nodes[axis];
  if (axis == leaf)
    return core::Permutation(order.begin(), order.end());
  core::Permutation result;
  switch (node.kind) {
  case Kind::Free:
    return core::identityPermutation(node.size);
  case Kind::Sum:
    for (Axis part : node.parts) {
      const auto offset = static_cast<int32_t>(result.size());
      for (int32_t index : expand(part, leaf, order))
        result.push_back(offset + index);
    }
    return result;
  case Kind::Product: {
    const core::Permutation inner = expand(node.parts[1], leaf, order);
    for (int32_t block : expand(node.parts[0], leaf, order))
      for (int32_t index : inner)
        result.push_back(block * static_cast<int32_t>(inner.size()) + index);
    return result;
  }
  }
  return result;
}

std::optional<OrderAxes::Orders>
OrderAxes::decompose(Axis axis, llvm::ArrayRef<int32_t> order) const {
  Orders orders;
  if (!decompose(axis, order, orders))
    return std::nullopt;
  orders.remove_if([](const auto &pair) {
    return pair.second == core::identityPermutation(pair.second.size());
  });
  return orders;
}

bool OrderAxes::decompose(Axis axis, llvm::ArrayRef<int32_t> order,
                          Orders &orders) const {
  axis = resolve(axis);
  const Node &node = nodes[axis];
  switch (node.kind) {
  case Kind::Free: {
    if (node.size == 1)
      return order.front() == 0;
    core::Permutation own(order.begin(), order.end());
    if (!core::isPermutation(own))
      return false;
    // In all places of the axis it has to be the same.
    auto [it, isNew] = orders.try_emplace(axis, own);
    return isNew || it->second == own;
  }
  case Kind::Sum: {
    int64_t offset = 0;
    for (Axis part : node.parts) {
      core::Permutation own;
      for (int32_t index : order.slice(offset, getSize(part)))
        own.push_back(index - static_cast<int32_t>(offset));
      if (!decompose(part, own, orders))
        return false;
      offset += getSize(part);
    }
    return true;
  }
  case Kind::Product: {
    const int64_t blocks = getSize(node.parts[0]),
                  block = getSize(node.parts[1]);
    core::Permutation outer, inner;
    for (int64_t i = 0; i < blocks; ++i)
      outer.push_back(static_cast<int32_t>(order[i * block] / block));
    for (int64_t j = 0; j < block; ++j)
      inner.push_back(static_cast<int32_t>(order[j] - outer[0] * block));
    for (int64_t i = 0; i < blocks; ++i)
      for (int64_t j = 0; j < block; ++j)
        if (order[i * block + j] != outer[i] * block + inner[j])
          return false;
    return decompose(node.parts[0], outer, orders) &&
           decompose(node.parts[1], inner, orders);
  }
  }
  return false;
}
