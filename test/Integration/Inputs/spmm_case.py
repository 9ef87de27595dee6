#!/usr/bin/env python3
"""Writes a module that multiplies a packed weight and counts wrong elements.

    spmm_case.py --rows 70 --columns 200 --tokens 24 --tile 32 --kept 128,0,60

The weight is packed here, from the text of docs/format.md and not by hinm's
code, and the product is computed in integers: all values are small integers, so
that every sum is exact and the comparison needs no tolerance. `main` prints the
number of elements of Y that differ (0 when all is well), then of the weight that
hinm.unpack rebuilds (with --unpack).
"""

import argparse
import itertools
import math
import random
import struct


def encode(value, element):
    """The bytes of a small integer in f16, bf16 or f32 (bf16: nearest even)."""
    if element == "f16":
        return struct.pack("<e", value)
    word = struct.unpack("<I", struct.pack("<f", value))[0]
    if element == "f32":
        return struct.pack("<I", word)
    return struct.pack("<H", (word + 0x7FFF + ((word >> 16) & 1)) >> 16)


def dense(values, element, shape):
    """An MLIR constant of \\p values."""
    if element == "i32":
        data = b"".join(struct.pack("<i", v) for v in values)
    else:
        data = b"".join(encode(v, element) for v in values)
    kind = "x".join(map(str, shape)) + "x" + element
    if not data:
        return f"dense<> : tensor<{kind}>"
    return f'dense<"0x{data.hex().upper()}"> : tensor<{kind}>'


class Convolution:
    """The patches of an image, from image=B.H.W kernel=kh.kw strides dilations."""

    def __init__(self, text):
        parts = [[int(n) for n in part.split(".")] for part in text.split(",")]
        self.image, self.kernel, self.strides, self.dilations = parts
        self.outputs = [(size - (k - 1) * d - 1) // s + 1 for size, k, s, d in
                        zip(self.image[1:], self.kernel, self.strides, self.dilations)]

    def attribute(self):
        return (f"convolution = #hinm.convolution<image = {self.image}, kernel = {self.kernel}, "
                f"strides = {self.strides}, dilations = {self.dilations}>")

    def count(self, sizes):
        total = 1
        for size in sizes:
            total *= size
        return total

    def patches(self, image):
        """Rows (channel, place in the window) by columns (batch, pixel)."""
        rows = []
        for channel in image:
            for place in itertools.product(*map(range, self.kernel)):
                row = []
                for batch in range(self.image[0]):
                    for pixel in itertools.product(*map(range, self.outputs)):
                        at = batch
                        for size, p, k, s, d in zip(self.image[1:], pixel, place,
                                                    self.strides, self.dilations):
                            at = at * size + p * s + k * d
                        row.append(channel[at])
                rows.append(row)
        return rows


#: What --function applies to the result, exactly.
FUNCTIONS = {
    None: lambda y: y,
    "floor": lambda y: math.floor(y / 4),
    "ceil": lambda y: math.ceil(y / 4),
    "absf": abs,
    "copysign": lambda y: math.copysign(3, y) if y else 3,
}


class Case:
    """One random weight with its packed form, activations and product."""

    def __init__(self, args):
        rng = random.Random(args.seed)
        self.rows, self.columns, self.tile = args.rows, args.columns, args.tile
        tiles = -(-self.rows // self.tile)
        slabs = -(-self.tile // 16)
        kept = [int(k) for k in args.kept.split(",")]
        kept += kept[-1:] * (tiles - len(kept))
        self.weight = [[0] * self.columns for _ in range(self.rows)]
        self.values, self.metadata, self.list, self.offsets = [], [], [], [0]
        for t in range(tiles):
            columns = rng.sample(range(self.columns), kept[t])
            if args.repeat and kept[t] >= 4:
                columns += columns[:4]  # a dense group: the same four columns twice
            padded = columns + [0] * (-len(columns) % 64)
            # stored[row][group] = two (place, value), places rising
            stored = [[[(0, 0), (1, 0)] for _ in range(len(padded) // 4)]
                      for _ in range(slabs * 16)]
            for r in range(self.tile):
                row = t * self.tile + r
                if row >= self.rows:
                    continue
                for group in range(len(columns) // 4):
                    repeated = args.repeat and group == len(columns) // 4 - 1
                    first = args.repeat and group == 0
                    places = [2, 3] if repeated else [0, 1] if first else \
                        sorted(rng.sample(range(4), 2))
                    entries = []
                    for place in places:
                        value = rng.choice([-4, -3, -2, -1, 0, 1, 2, 3, 4])
                        entries.append((place, value))
                        if value:
                            self.weight[row][padded[4 * group + place]] = value
                    stored[r][group] = entries
            self.list += padded
            self.offsets.append(len(self.list))
            self.pack(stored, len(padded) // 64, slabs)
        self.tokens = args.tokens
        self.x = [[rng.randint(-4, 4) for _ in range(self.tokens)]
                  for _ in range(self.columns)]
        self.input = self.x
        if args.convolution:
            convolution = args.convolution
            channels = self.columns // convolution.count(convolution.kernel)
            self.input = [[rng.randint(-4, 4) for _ in range(convolution.count(convolution.image))]
                          for _ in range(channels)]
            self.x = convolution.patches(self.input)
            assert self.tokens == len(self.x[0]), f"--tokens has to be {len(self.x[0])}"
        self.row_index = list(range(self.rows))
        if args.row_index:
            rng.shuffle(self.row_index)
        self.y = [None] * self.rows
        for r in range(self.rows):
            terms = [(w, self.x[c]) for c, w in enumerate(self.weight[r]) if w]
            self.y[self.row_index[r]] = [sum(w * x[n] for w, x in terms)
                                         for n in range(self.tokens)]
        self.bias = [rng.randint(-9, 9) for _ in range(self.rows)]
        self.residual = [[rng.randint(-9, 9) for _ in range(self.tokens)]
                         for _ in range(self.rows)]
        if args.epilogue:
            apply = FUNCTIONS[args.function]
            self.y = [[apply(max(y + b - e, -5)) for y, e in zip(row, rest)]
                      for row, b, rest in zip(self.y, self.bias, self.residual)]

    def pack(self, stored, blocks, slabs):
        """Appends the fragments of one tile: k-blocks of 64, slabs of 16 rows."""
        for block in range(blocks):
            for slab in range(slabs):
                def entry(row, step, compressed):
                    group = block * 16 + step * 8 + compressed // 2
                    return stored[slab * 16 + row][group][compressed % 2]

                for step in range(2):
                    for lane in range(32):
                        g, q = divmod(lane, 4)
                        for register in range(4):
                            for half in range(2):
                                row = g + 8 * (register & 1)
                                compressed = 2 * q + half + 8 * (register >> 1)
                                self.values.append(entry(row, step, compressed)[1])
                for lane in range(32):
                    g, step, h = lane // 4, lane // 2 % 2, lane % 2
                    word = 0
                    for lower in range(2):
                        for chunk in range(4):
                            for half in range(2):
                                place = entry(g + 8 * lower, step, 8 * h + 2 * chunk + half)[0]
                                word |= place << (16 * lower + 4 * chunk + 2 * half)
                    self.metadata.append(word - (1 << 32) if word >> 31 else word)


def flat(matrix):
    """The rows of a matrix, one after the other."""
    return [value for row in matrix for value in row]


COUNT = """
// The number of elements in which two matrices differ.
func.func private @count_{name}(%a: tensor<{shape}>, %b: tensor<{shape}>) -> i64 {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n0 = tensor.dim %a, %c0 : tensor<{shape}>
  %n1 = tensor.dim %a, %c1 : tensor<{shape}>
  %zero = arith.constant 0 : i64
  %total = scf.for %i = %c0 to %n0 step %c1 iter_args(%s = %zero) -> i64 {{
    %row = scf.for %j = %c0 to %n1 step %c1 iter_args(%t = %s) -> i64 {{
      %x = tensor.extract %a[%i, %j] : tensor<{shape}>
      %y = tensor.extract %b[%i, %j] : tensor<{shape}>
      %ne = arith.cmpf une, %x, %y : {element}
      %one = arith.extui %ne : i1 to i64
      %u = arith.addi %t, %one : i64
      scf.yield %u : i64
    }}
    scf.yield %row : i64
  }}
  return %total : i64
}}
"""


def main():
    """Prints the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rows", "columns", "tokens", "tile"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--kept", required=True, help="kept columns of each tile, multiples of 4")
    parser.add_argument("--element", default="f16")
    parser.add_argument("--output", default="f32")
    parser.add_argument("--row-index", action="store_true")
    parser.add_argument("--token-major-input", action="store_true", help="X is N x C")
    parser.add_argument("--token-major-output", action="store_true", help="Y is N x R")
    parser.add_argument("--repeat", action="store_true", help="a group of columns stands twice")
    parser.add_argument("--epilogue", action="store_true",
                        help="Y = max(W · X + bias − residual, −5)")
    parser.add_argument("--function", choices=[f for f in FUNCTIONS if f],
                        help="applied to Y, or to Y / 4")
    parser.add_argument("--dynamic", action="store_true", help="the number of tokens is dynamic")
    parser.add_argument("--unpack", action="store_true")
    parser.add_argument("--schedule", help="tile_m,tile_n,stages,warps_m,warps_n[,prefetch[,split_k[,kernel]]]")
    parser.add_argument("--convolution", type=Convolution,
                        help="B.H.W,kh.kw,sh.sw,dh.dw: X is the patches of an image")
    parser.add_argument("--gather-offset", type=int, default=0,
                        help="added to every listed column: a faulty gather")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    case = Case(args)
    r, c, n, e, o = args.rows, args.columns, args.tokens, args.element, args.output
    assert any(flat(case.y)) or args.kept == "0"
    dyn = "?" if args.dynamic else n
    tv, tm, tl, to = (f"tensor<{len(case.values)}x{e}>", f"tensor<{len(case.metadata)}xi32>",
                      f"tensor<{len(case.list)}xi32>", f"tensor<{len(case.offsets)}xi32>")
    fmt = f"#hinm.packed<rows = {r}, columns = {c}, tile = {args.tile}, nm = 2:4>"
    attributes = []
    if args.convolution:
        attributes.append(args.convolution.attribute())
    if args.schedule:
        keys = ("tile_m", "tile_n", "stages", "warps_m", "warps_n", "prefetch",
                "split_k", "kernel")
        parts = [f"{k} = {v}" for k, v in zip(keys, args.schedule.split(","))]
        parts.insert(2, "tile_k = 64")
        attributes.append("schedule = #hinm.schedule<" + ", ".join(parts) + ">")
    attributes += ["token_major_input"] * args.token_major_input
    attributes += ["token_major_output"] * args.token_major_output
    attrs = " {" + ", ".join(attributes) + "}" if attributes else ""
    if args.token_major_input:
        case.input = [list(column) for column in zip(*case.input)]
    if args.token_major_output:
        case.y = [list(column) for column in zip(*case.y)]
        case.residual = [list(column) for column in zip(*case.residual)]
    assert not (args.dynamic and (args.token_major_input or args.token_major_output))
    image = f"{len(case.input)}x{dyn if args.dynamic else len(case.input[0])}x{e}"
    result, matrix = f"{r}x{dyn}", [r, n]
    if args.token_major_output:
        result, matrix = f"{n}x{r}", [n, r]
    whole = "x".join(map(str, matrix))
    rows = f"\n    row_index(%rows : tensor<{r}xi32>)" if args.row_index else ""
    rows_type = f", %rows: tensor<{r}xi32>" if args.row_index else ""
    bias, rest = f"tensor<{r}xf32>", f"tensor<{whole}x{e}>"
    more_types = f", {bias}, {rest}" if args.epilogue else ""
    signature = (f"%v: {tv}, %m: {tm}, %l: {tl}, %o: {to}, "
                 f"%x: tensor<{image}>{rows_type}")
    epilogue = ""
    if args.epilogue:
        signature += f", %b: {bias}, %e: {rest}"
        last, lines = "%t", ""
        if args.function:
            scale = "0.25" if args.function in ("floor", "ceil") else "1.0"
            operands = "%three, %scaled" if args.function == "copysign" else "%scaled"
            lines = f"""    %scale = arith.constant {scale} : f32
    %three = arith.constant 3.0 : f32
    %scaled = arith.mulf %t, %scale : f32
    %f = math.{args.function} {operands} : f32
"""
            last = "%f"
        if o != "f32":
            lines += f"    %z = arith.truncf {last} : f32 to {o}\n"
            last = "%z"
        epilogue = f"""
    epilogue(%b, %e : {bias}, {rest}) {{
  ^bb0(%sum: f32, %p: f32, %q: {e}):
    %low = arith.constant -5.0 : f32
    %w = arith.extf %q : {e} to f32
    %s = arith.addf %sum, %p : f32
    %d = arith.subf %s, %w : f32
    %t = arith.maximumf %d, %low : f32
{lines}    hinm.yield {last} : {o}
  }}"""
    print(f"""func.func private @layer({signature}) -> tensor<{result}x{o}> attributes {{llvm.emit_c_interface}} {{
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<{image}>
  %init = tensor.empty({'%n' if args.dynamic else ''}) : tensor<{result}x{o}>
  %y = hinm.spmm as {fmt}
    ins(%v, %m, %l, %o, %x : {tv}, {tm}, {tl}, {to}, tensor<{image}>){rows}
    outs(%init : tensor<{result}x{o}>){epilogue}{attrs} -> tensor<{result}x{o}>
  return %y : tensor<{result}x{o}>
}}""")
    print(COUNT.format(name="y", shape=f"{whole}x{o}", element=o))
    if args.unpack:
        print(COUNT.format(name="w", shape=f"{r}x{c}x{e}", element=e))
    print("func.func @main() {")
    for name, values, element, shape in (
            ("v", case.values, e, [len(case.values)]),
            ("m", case.metadata, "i32", [len(case.metadata)]),
            ("l", [c + args.gather_offset for c in case.list], "i32", [len(case.list)]),
            ("o", case.offsets, "i32", [len(case.offsets)]),
            ("rows", case.row_index, "i32", [r]),
            ("b", case.bias, "f32", [r]), ("e", flat(case.residual), e, matrix),
            ("xs", flat(case.input), e, [len(case.input), len(case.input[0])]), ("expected", flat(case.y), o, matrix)):
        print(f"  %{name} = arith.constant {dense(values, element, shape)}")
    cast = (lambda v, s, a, b, t: f"  %{v} = tensor.cast %{s} : tensor<{a}x{t}> to tensor<{b}x{t}>")
    print(cast("x", "xs", f"{c}x{n}", f"{c}x{dyn}", e) if args.dynamic else "")
    x = "%x" if args.dynamic else "%xs"
    index = ", %rows" if args.row_index else ""
    index_type = f", tensor<{r}xi32>" if args.row_index else ""
    index += ", %b, %e" if args.epilogue else ""
    index_type += more_types
    print(f"""  %yd = func.call @layer(%v, %m, %l, %o, {x}{index}) : ({tv}, {tm}, {tl}, {to}, tensor<{image}>{index_type}) -> tensor<{result}x{o}>""")
    print(cast("y", "yd", f"{r}x{dyn}", f"{r}x{n}", o) if args.dynamic else "")
    y = "%y" if args.dynamic else "%yd"
    print(f"""  %wrong = func.call @count_y({y}, %expected) : (tensor<{whole}x{o}>, tensor<{whole}x{o}>) -> i64
  vector.print %wrong : i64""")
    if args.unpack:
        print(f"""  %w = hinm.unpack as {fmt}
    from (%v, %m, %l, %o) : {tv}, {tm}, {tl}, {to} -> tensor<{r}x{c}x{e}>
  %we = arith.constant {dense(flat(case.weight), e, [r, c])}
  %wrongw = func.call @count_w(%w, %we) : (tensor<{r}x{c}x{e}>, tensor<{r}x{c}x{e}>) -> i64
  vector.print %wrongw : i64""")
    print("  return\n}")


if __name__ == "__main__":
    main()
