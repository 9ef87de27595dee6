//===- Search.h - C interface of the permutation search ---------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Core's search for channel orders (hinm/Core/Search.h) for other languages:
/// plain C, one shared library (libhinm_search), no MLIR. Matrices are
/// row-major f32. Fields of 0 or NULL mean the default where that is said.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_C_SEARCH_H
#define HINM_C_SEARCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The pattern that a weight has to obey (hinm/Core/Pattern.h).
typedef struct HinmPattern {
  int64_t tile; ///< V, rows of a tile
  int64_t n, m; ///< N:M
  /// "per_tile", "all", "per_block" or "global"
  const char *policy;
  double vector_sparsity; ///< share of the vectors that is dropped, in [0, 1]
  int64_t kept;           ///< kept columns of a tile, or -1: by the sparsity
  int64_t list_rows;      ///< rows that share kept columns, or 0: the tile
  int64_t window;         ///< columns that groups stay within, or 0: all
} HinmPattern;

/// A weight: its saliency, rows × cols, finite and not negative.
typedef struct HinmSearchWeight {
  const float *saliency;
  int64_t rows, cols;
  HinmPattern pattern;
} HinmSearchWeight;

/// Where a search stands.
typedef struct HinmSearchProgress {
  const char *phase; ///< "rows" or "columns"
  int64_t round;
  double loss;      ///< share of the saliency that the phase's objective loses
  double elapsed;   ///< seconds
  double remaining; ///< seconds, or negative: not known
} HinmSearchProgress;

typedef struct HinmSearchOptions {
  const char *algorithm; ///< "exchange", "gyro" or "none"
  uint64_t seed;
  int32_t ocp, icp;          ///< whether rows, and columns, are searched
  double time_budget;        ///< seconds, or +inf: until it has converged
  uint32_t threads;          ///< 0: all cores
  const int32_t *warm_start; ///< an order of the rows to start from, or NULL
  /// Called some times a second from one thread at a time, or NULL.
  void (*progress)(const HinmSearchProgress *progress, void *user);
  void *user;
  /// Ends the search with the best found once it is not 0; may be set by any
  /// thread. NULL for none.
  const int32_t *stop;
} HinmSearchOptions;

typedef struct HinmSearchResult HinmSearchResult;

/// Searches one row order for \p count weights of as many rows, and for each
/// its columns. Never NULL; ask hinmSearchError first, and destroy it at the
/// end.
HinmSearchResult *hinmSearch(const HinmSearchWeight *weights, int64_t count,
                             const HinmSearchOptions *options);
void hinmSearchDestroy(HinmSearchResult *result);

/// What was wrong with the arguments, or NULL. Nothing below may be asked of a
/// result with an error.
const char *hinmSearchError(const HinmSearchResult *result);

/// The order of the rows: row i of the permuted weight is row order[i].
const int32_t *hinmSearchRowOrder(const HinmSearchResult *result);

/// The kept columns of weight \p weight, tile after tile, and their number.
/// Tile t has columns[offsets[t]] … columns[offsets[t + 1] − 1], M of them a
/// group.
const int32_t *hinmSearchColumns(const HinmSearchResult *result, int64_t weight,
                                 int64_t *count);
/// The offsets of the tiles, and their number, one more than there are tiles.
const int32_t *hinmSearchOffsets(const HinmSearchResult *result, int64_t weight,
                                 int64_t *count);

/// Sums of saliency of weight \p weight: all; retained; retained in the natural
/// order; and what unstructured pruning to as many weights retains.
void hinmSearchFigures(const HinmSearchResult *result, int64_t weight,
                       double figures[4]);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // HINM_C_SEARCH_H
