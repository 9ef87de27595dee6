"""Print a module with two layers in a row, with random weights of small integers.

Products and sums of such weights are exact in f32, so that a reordering of
channels must not change any bit of the result.
"""

import argparse
import random
import struct


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--columns", type=int, default=48)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=5)
    parser.add_argument("--tile", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pattern", default="vector_sparsity = 0.5")
    options = parser.parse_args()
    draw = random.Random(options.seed)

    def blob(count: int) -> str:
        values = [float(draw.randint(-9, 9)) for _ in range(count)]
        return "0x04000000" + struct.pack(f"<{count}f", *values).hex().upper()

    h, c, r, n = options.hidden, options.columns, options.rows, options.tokens
    print(f"""#p = #hinm.pattern<tile = {options.tile}, nm = 2:4, {options.pattern}>
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @two(%x: tensor<{c}x{n}xf32>) -> tensor<{r}x{n}xf32> {{
  %w1 = arith.constant dense_resource<w1> : tensor<{h}x{c}xf32>
  %w2 = arith.constant dense_resource<w2> : tensor<{r}x{h}xf32>
  %bias = arith.constant dense_resource<bias> : tensor<{h}xf32>
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<{h}x{n}xf32>
  %e2 = tensor.empty() : tensor<{r}x{n}xf32>
  %y = hinm.matmul ins(%w1, %x : tensor<{h}x{c}xf32>, tensor<{c}x{n}xf32>)
       outs(%e1 : tensor<{h}x{n}xf32>) {{layer = "up", pattern = #p}} -> tensor<{h}x{n}xf32>
  %a = linalg.generic {{indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}}
       ins(%y, %bias : tensor<{h}x{n}xf32>, tensor<{h}xf32>) outs(%e1 : tensor<{h}x{n}xf32>) {{
  ^bb0(%p: f32, %b: f32, %o: f32):
    %s = arith.addf %p, %b : f32
    %m = arith.maximumf %s, %zero : f32
    linalg.yield %m : f32
  }} -> tensor<{h}x{n}xf32>
  %z = hinm.matmul ins(%w2, %a : tensor<{r}x{h}xf32>, tensor<{h}x{n}xf32>)
       outs(%e2 : tensor<{r}x{n}xf32>) {{layer = "down", pattern = #p}} -> tensor<{r}x{n}xf32>
  return %z : tensor<{r}x{n}xf32>
}}
func.func private @printMemrefF32(tensor<*xf32>)
func.func @main() {{
  %x = arith.constant dense_resource<x> : tensor<{c}x{n}xf32>
  %z = func.call @two(%x) : (tensor<{c}x{n}xf32>) -> tensor<{r}x{n}xf32>
  %u = tensor.cast %z : tensor<{r}x{n}xf32> to tensor<*xf32>
  func.call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}}
{{-# dialect_resources: {{ builtin: {{
  w1: "{blob(h * c)}",
  w2: "{blob(r * h)}",
  bias: "{blob(h)}",
  x: "{blob(c * n)}"
}} }} #-}}""")


if __name__ == "__main__":
    main()
