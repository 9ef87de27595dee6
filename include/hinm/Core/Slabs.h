//===- Slabs.h - Rows of X that tiles share in shared memory ----*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Tiles whose lists go by windows can share the rows of X that they read of a
/// window: the *slab*, which lies in shared memory, and out of which `ldmatrix`
/// gathers for each tile. A slab has a place for every row that one of its
/// tiles lists, and none for the others.
///
/// `ldmatrix` reads eight rows in a turn if their places differ modulo 8, as a
/// kernel swizzles by the place (see BankConflicts.h); so the places are
/// chosen for that. It is an edge colouring where a slab has two tiles: every
/// row is in one eight of either, eights are the nodes of a bipartite graph,
/// and places without conflicts always exist. More tiles make it a strong
/// colouring of a hypergraph, where they need not, and which is hard.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_SLABS_H
#define HINM_CORE_SLABS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

/// What lists there are: \c numTiles lists one after the other, as long, of
/// which each has as many columns of each of \c numWindows windows, those of
/// the first one first, a multiple of 64.
struct SlabLists {
  llvm::ArrayRef<int32_t> columns;
  int64_t numTiles = 0, numWindows = 1;
  /// Tiles that share a slab; the last slab of a window may have fewer.
  int64_t tilesPerSlab = 1;
  /// Bytes of an element, 1 or 2, which decide what is read in a turn: see
  /// getReadPosition.
  int64_t elementBytes = 2;

  int64_t getNumBlocks() const {
    return (numTiles + tilesPerSlab - 1) / tilesPerSlab;
  }
  /// Of a tile, of one window.
  int64_t getNumListed() const {
    return numTiles == 0
               ? 0
               : static_cast<int64_t>(columns.size()) / numTiles / numWindows;
  }
};

struct Slabs {
  /// Places of a slab, a multiple of 32.
  int64_t size = 0;
  /// Of slab (block, window), from (block · windows + window) · size on: the
  /// row of X at each place, or −1, in the order of getSlabEntry.
  std::vector<int32_t> rows;
  /// Of each listed column, its place in its slab.
  std::vector<int32_t> places;
};

/// Where in a list of 64 columns, or a multiple, the one stands that lane
/// \p row of the `ldmatrix` that read it addresses. 16-bit elements are read in
/// the order of the list. Of 8-bit ones sixteen columns are read as 0 1 4 5 8 9
/// 12 13, then 2 3 6 7 10 11 14 15.
int64_t getReadPosition(int64_t row, int64_t elementBytes);

/// Where the row at \p place stands among those of its slab: of 32 places those
/// that are equal modulo 8 come together, 0 8 16 24, then 1 9 17 25 …. A kernel
/// copies what it reads at once to places with one swizzle.
inline int64_t getSlabEntry(int64_t place) {
  return place / 32 * 32 + place % 8 * 4 + place / 8 % 4;
}

/// Places of the largest slab, a multiple of 32.
int64_t countSlabPlaces(const SlabLists &lists);

/// The slabs of \p lists. The search is by simulated annealing: a row in
/// conflict and another place exchange what they hold, for turns that do not
/// become more than they were in the order of the lists. It takes up to 12
/// microseconds a place, on \p threads threads (0: as many as the machine has),
/// and is deterministic.
Slabs makeSlabs(const SlabLists &lists, unsigned threads);

/// Whether every row that \p lists name lies where \p slabs say, and no other
/// does, as in those that makeSlabs gives for these lists and as many tiles a
/// slab.
bool holdLists(const Slabs &slabs, const SlabLists &lists);

/// Turns in which the rows of all tiles are read with these \p places.
int64_t countSlabTurns(const SlabLists &lists, llvm::ArrayRef<int32_t> places);

} // namespace hinm::core

#endif // HINM_CORE_SLABS_H
