//===- search-c-test.c - The search, called from C ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { rows = 48, cols = 40, tile = 16 };

static int failures = 0;

static void expect(int holds, const char *what) {
  if (holds)
    return;
  ++failures;
  fprintf(stderr, "failed: %s\n", what);
}

static void count(const HinmSearchProgress *progress, void *user) {
  expect(progress->elapsed >= 0.0, "time goes forward");
  ++*(int *)user;
}

int main(void) {
  static float saliency[rows * cols];
  srand(1);
  for (int i = 0; i < rows * cols; ++i)
    saliency[i] = (float)rand() / (float)RAND_MAX;
  HinmSearchWeight weights[2] = {
      {saliency, rows, cols, {tile, 2, 4, "per_tile", 0.5, -1, 0, 0}},
      {saliency, rows, cols / 2, {tile, 2, 4, NULL, 0.0, 8, 0, 0}}};
  int reports = 0;
  HinmSearchOptions options = {0};
  options.ocp = options.icp = 1;
  options.time_budget = INFINITY;
  options.progress = count;
  options.user = &reports;

  HinmSearchResult *result = hinmSearch(weights, 2, &options);
  expect(hinmSearchError(result) == NULL, "a good search has no error");
  int seen[rows] = {0};
  for (int i = 0; i < rows; ++i)
    ++seen[hinmSearchRowOrder(result)[i]];
  for (int i = 0; i < rows; ++i)
    expect(seen[i] == 1, "the order is a permutation");
  for (int w = 0; w < 2; ++w) {
    int64_t tiles, listed;
    double figures[4];
    const int32_t *offsets = hinmSearchOffsets(result, w, &tiles);
    hinmSearchColumns(result, w, &listed);
    expect(tiles == rows / tile + 1, "an offset a tile, and the end");
    expect(offsets[tiles - 1] == listed, "the last offset is the end");
    expect(listed == rows / tile * (w == 0 ? 20 : 8), "kept columns");
    hinmSearchFigures(result, w, figures);
    expect(figures[0] > figures[3] && figures[3] > figures[1] &&
               figures[1] >= figures[2],
           "total > unstructured > retained >= natural");
  }
  expect(reports > 0, "progress was reported");
  hinmSearchDestroy(result);

  const int32_t stop = 1;
  options.stop = &stop;
  options.time_budget = 3600.0;
  result = hinmSearch(weights, 1, &options);
  expect(hinmSearchError(result) == NULL, "a stopped search has a result");
  hinmSearchDestroy(result);

  saliency[cols + 3] = -1.0f;
  result = hinmSearch(weights, 1, &options);
  expect(hinmSearchError(result) && strstr(hinmSearchError(result), "[1, 3]"),
         "a negative saliency is refused by position");
  hinmSearchDestroy(result);
  options.algorithm = "magic";
  result = hinmSearch(weights, 1, &options);
  expect(hinmSearchError(result) && strstr(hinmSearchError(result), "magic"),
         "an unknown algorithm is refused by name");
  hinmSearchDestroy(result);
  return failures != 0;
}
