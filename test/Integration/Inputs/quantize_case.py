#!/usr/bin/env python3
"""Writes a module with one layer whose quantisation is exact, and prints its result.

    quantize_case.py 127

Each row of the weight and each token of the activations has the given number as its
largest, or is all zero; the others are powers of two below it, which every 8-bit type
holds. 448 = 7 * 64 is the largest of f8E4M3FN, and 1/128 of that of f8E5M2.
"""

import random
import sys

ROWS, COLUMNS, TOKENS = 6, 16, 5


def numbers(rng, largest, count):
    """Powers of two of either sign, one of them replaced by the largest."""
    row = [float(rng.choice([-1, 1]) * 2 ** rng.randrange(6)) for _ in range(count)]
    row[rng.randrange(count)] = float(rng.choice([-1, 1]) * largest)
    return row


def main():
    """Prints the module."""
    rng = random.Random(1)
    largest = int(sys.argv[1])
    weight = [numbers(rng, largest, COLUMNS) for _ in range(ROWS)]
    weight[2] = [0.0] * COLUMNS
    tokens = [numbers(rng, largest, COLUMNS) for _ in range(TOKENS)]
    tokens[3] = [0.0] * COLUMNS
    x = [list(channel) for channel in zip(*tokens)]
    shapes = [f"tensor<{a}x{b}xf32>" for a, b in
              ((ROWS, COLUMNS), (COLUMNS, TOKENS), (ROWS, TOKENS))]
    print(f"""func.func private @printMemrefF32(tensor<*xf32>)
func.func @main() {{
  %w = arith.constant dense<{weight}> : {shapes[0]}
  %x = arith.constant dense<{x}> : {shapes[1]}
  %e = tensor.empty() : {shapes[2]}
  %y = hinm.matmul ins(%w, %x : {shapes[0]}, {shapes[1]}) outs(%e : {shapes[2]})
    {{pattern = #hinm.pattern<tile = 4, nm = 2:4, policy = all>,
     row_index = #hinm.permutation<dense<[3, 0, 5, 1, 2, 4]> : tensor<6xi32>>}} -> {shapes[2]}
  %u = tensor.cast %y : {shapes[2]} to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}}""")


if __name__ == "__main__":
    main()
