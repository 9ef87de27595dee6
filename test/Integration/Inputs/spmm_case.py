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


#: Bits of the fraction and bias of the exponent.
SMALL_FLOATS = {"f8E4M3FN": (3, 7), "f8E5M2": (2, 15)}


class Format:
    """What the version of the format that holds an element fixes."""

    def __init__(self, element):
        self.version, self.n, self.m, self.block = 1, 2, 4, 64
        if element == "i8" or element in SMALL_FLOATS:
            self.version = 2
        elif element == "f32":  # tf32
            self.version, self.n, self.m, self.block = 3, 1, 2, 32


def disturb(rng, value):
    """An f32 that rounds to the small integer in tf32 (nearest, ties away)."""
    word = struct.unpack("<I", struct.pack("<f", value))[0]
    word += rng.randint(-0x1000 if value else 0, 0xFFF)
    return struct.unpack("<f", struct.pack("<I", word))[0]


def encode(value, element):
    """The bytes of a small integer (bf16: nearest even, others exactly)."""
    if element in ("i8", "i32"):
        return value.to_bytes(int(element[1:]) // 8, "little", signed=True)
    if element == "i16":  # a column, unsigned, or -1
        return (value % 2**16).to_bytes(2, "little")
    if element in SMALL_FLOATS:
        fraction, bias = SMALL_FLOATS[element]
        mantissa, exponent = math.frexp(abs(value))  # mantissa in [1/2, 1)
        code = (exponent - 1 + bias << fraction) + int((2 * mantissa - 1) * 2**fraction)
        assert (2 * mantissa * 2**fraction).is_integer(), f"{value} is not exact"
        return bytes([(code if value else 0) | (0x80 if value < 0 else 0)])
    if element == "f16":
        return struct.pack("<e", value)
    word = struct.unpack("<I", struct.pack("<f", value))[0]
    if element == "f32":
        return struct.pack("<I", word)
    return struct.pack("<H", (word + 0x7FFF + ((word >> 16) & 1)) >> 16)


def dense(values, element, shape):
    """An MLIR constant of \\p values."""
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
        fmt = Format(args.element)
        self.weight = [[0] * self.columns for _ in range(self.rows)]
        self.values, self.metadata, self.list, self.offsets = [], [], [], [0]
        for t in range(tiles):
            columns = self.draw_columns(rng, kept[t], args.window or self.columns)
            if args.repeat and kept[t] >= fmt.m:
                columns += columns[:fmt.m]  # a dense group: the same columns twice
            padded = columns + [0] * (-len(columns) % fmt.block)
            # stored[row][group] = (place, value) of N weights, places rising
            stored = [[[(place, 0) for place in range(fmt.n)]
                       for _ in range(len(padded) // fmt.m)]
                      for _ in range(slabs * 16)]
            for r in range(self.tile):
                row = t * self.tile + r
                if row >= self.rows:
                    continue
                for group in range(len(columns) // fmt.m):
                    repeated = args.repeat and group == len(columns) // fmt.m - 1
                    first = args.repeat and group == 0
                    halves = list(range(fmt.m))
                    places = halves[fmt.n:] if repeated else halves[:fmt.n] if first \
                        else sorted(rng.sample(halves, fmt.n))
                    entries = []
                    for place in places:
                        value = rng.choice([-4, -3, -2, -1, 0, 1, 2, 3, 4])
                        entries.append((place, value))
                        if value:
                            self.weight[row][padded[fmt.m * group + place]] = value
                    stored[r][group] = entries
            self.list += padded
            self.offsets.append(len(self.list))
            pack = {1: self.pack, 2: self.pack_bytes, 3: self.pack_words}[fmt.version]
            pack(stored, len(padded) // fmt.block, slabs)
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
        if fmt.version == 3:
            self.input = [[disturb(rng, x) for x in row] for row in self.input]
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
        self.scales = [rng.choice([1, 2, 3]) for _ in range(self.tokens)]
        if args.scales:
            self.y = [[y * s for y, s in zip(row, self.scales)] for row in self.y]
        if args.epilogue:
            apply = FUNCTIONS[args.function]
            self.y = [[apply(max(y + b - e, -5)) for y, e in zip(row, rest)]
                      for row, b, rest in zip(self.y, self.bias, self.residual)]

    def draw_columns(self, rng, kept, window):
        """As many of each window, those of the first window first."""
        starts = range(0, self.columns, window)
        assert kept % len(starts) == 0 and (len(starts) == 1 or self.columns % window == 0)
        return [column for start in starts for column in
                rng.sample(range(start, start + window), kept // len(starts))]

    def share(self, seed, windows, tiles):
        """The slabs of as many tiles: places drawn at random, some of them of no row."""
        rng = random.Random(seed)
        listed = (self.offsets[1] - self.offsets[0]) // windows
        cells = {}
        for i, column in enumerate(self.list):
            tile, window = i // (listed * windows), i // listed % windows
            cells.setdefault((tile // tiles, window), {})[column] = None
        size = -(-max(map(len, cells.values())) // 32) * 32
        rows, self.places = [], [None] * len(self.list)
        for cell in sorted(cells):
            held = [*cells[cell], *[-1] * (size - len(cells[cell]))]
            rng.shuffle(held)
            rows += [held[32 * k + 8 * i + c] for k in range(size // 32)
                     for c in range(8) for i in range(4)]
            cells[cell] = {column: place for place, column in enumerate(held)}
        for i, column in enumerate(self.list):
            tile, window = i // (listed * windows), i // listed % windows
            self.places[i] = cells[tile // tiles, window][column]
        return rows

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


    def pack_bytes(self, stored, blocks, slabs):
        """The same of version 2: 8-bit elements."""
        for block in range(blocks):
            for slab in range(slabs):
                def entry(row, compressed):
                    return stored[slab * 16 + row][block * 16 + compressed // 2][compressed % 2]

                for lane in range(32):
                    g, q = divmod(lane, 4)
                    for register in range(4):
                        for byte in range(4):
                            row = g + 8 * (register & 1)
                            compressed = 4 * q + byte + 16 * (register >> 1)
                            self.values.append(entry(row, compressed)[1])
                for lane in range(32):
                    g, h, u = lane // 4, lane // 2 % 2, lane % 2
                    word = 0
                    for chunk in range(8):
                        for half in range(2):
                            place = entry(g + 8 * u, 16 * h + 2 * chunk + half)[0]
                            word |= place << (4 * chunk + 2 * half)
                    self.metadata.append(word - (1 << 32) if word >> 31 else word)

    def pack_words(self, stored, blocks, slabs):
        """The same of version 3: tf32, one of two."""
        for block in range(blocks):
            for slab in range(slabs):
                def entry(row, step, chunk):
                    return stored[slab * 16 + row][block * 16 + step * 8 + chunk][0]

                for step in range(2):
                    for lane in range(32):
                        g, q = divmod(lane, 4)
                        for register in range(4):
                            row = g + 8 * (register & 1)
                            self.values.append(entry(row, step, q + 4 * (register >> 1))[1])
                for lane in range(32):
                    g, step, h = lane // 4, lane // 2 % 2, lane % 2
                    word = 0
                    for lower in range(2):
                        for chunk in range(4):
                            place = entry(g + 8 * lower, step, 4 * h + chunk)[0]
                            word |= (0b1110 if place else 0b0100) << (16 * lower + 4 * chunk)
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
      {compare}
      %one = arith.extui %ne : i1 to i64
      %u = arith.addi %t, %one : i64
      scf.yield %u : i64
    }}
    scf.yield %row : i64
  }}
  return %total : i64
}}
"""


def count(name, shape, element):
    """The function that compares, by values (8-bit floats by their bits)."""
    compare = f"%ne = arith.cmpf une, %x, %y : {element}"
    if element[0] == "i":
        compare = f"%ne = arith.cmpi ne, %x, %y : {element}"
    elif element in SMALL_FLOATS:
        compare = f"""%p = arith.bitcast %x : {element} to i8
      %q = arith.bitcast %y : {element} to i8
      %ne = arith.cmpi ne, %p, %q : i8"""
    return COUNT.format(name=name, shape=f"{shape}x{element}", compare=compare)


def main():
    """Prints the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rows", "columns", "tokens", "tile"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--kept", required=True,
                        help="kept columns of each tile, multiples of M")
    parser.add_argument("--window", type=int, help="the lists go by windows of so many columns")
    parser.add_argument("--element", default="f16",
                        choices=["f16", "bf16", "f32", "i8", "f8E4M3FN", "f8E5M2"])
    parser.add_argument("--output", help="what the products are summed in, if not given")
    parser.add_argument("--row-index", action="store_true")
    parser.add_argument("--lists", default="i32", help="element of the column list")
    parser.add_argument("--token-major-input", action="store_true", help="X is N x C")
    parser.add_argument("--token-major-output", action="store_true", help="Y is N x R")
    parser.add_argument("--constant-list", action="store_true",
                        help="the product knows its lists: hinm-select-kernels makes slabs")
    parser.add_argument("--repeat", action="store_true", help="a group of columns stands twice")
    parser.add_argument("--epilogue", action="store_true",
                        help="Y = max(W · X + bias − residual, −5)")
    parser.add_argument("--scales", action="store_true",
                        help="an epilogue that first multiplies each token with its number")
    parser.add_argument("--function", choices=[f for f in FUNCTIONS if f],
                        help="applied to Y, or to Y / 4")
    parser.add_argument("--dynamic", action="store_true", help="the number of tokens is dynamic")
    parser.add_argument("--unpack", action="store_true")
    parser.add_argument("--schedule", help="tile_m,tile_n,stages,warps_m,warps_n[,prefetch[,split_k[,kernel]]][,key=value...]")
    parser.add_argument("--convolution", type=Convolution,
                        help="B.H.W,kh.kw,sh.sw,dh.dw: X is the patches of an image")
    parser.add_argument("--gather-offset", type=int, default=0,
                        help="added to every listed column: a faulty gather")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    case = Case(args)
    r, c, n, e = args.rows, args.columns, args.tokens, args.element
    total = "i32" if e == "i8" else "f32"
    o = args.output or total
    layout = Format(e)
    version = f", version = {layout.version}" if layout.version > 1 else ""
    window = f", window = {args.window}" if args.window else ""
    assert any(flat(case.y)) or args.kept == "0"
    dyn = "?" if args.dynamic else n
    tv, tm, tl, to = (f"tensor<{len(case.values)}x{e}>", f"tensor<{len(case.metadata)}xi32>",
                      f"tensor<{len(case.list)}x{args.lists}>",
                      f"tensor<{len(case.offsets)}xi32>")
    fmt = f"#hinm.packed<rows = {r}, columns = {c}, tile = {args.tile}, nm = {layout.n}:{layout.m}{version}{window}>"
    attributes = []
    if args.convolution:
        attributes.append(args.convolution.attribute())
    if args.schedule:
        keys = ("tile_m", "tile_n", "stages", "warps_m", "warps_n", "prefetch",
                "split_k", "kernel")
        given = args.schedule.split(",")
        parts = [f"{k} = {v}" for k, v in zip(keys, (g for g in given if "=" not in g))]
        parts += [g.replace("=", " = ") for g in given if "=" in g]
        parts.insert(2, f"tile_k = {layout.block}")
        attributes.append("schedule = #hinm.schedule<" + ", ".join(parts) + ">")
    # What tiles share: name, values, element type, shape.
    shared = []
    if args.schedule and args.schedule.endswith("slab") and not args.constant_list:
        tile_m = int(args.schedule.split(",")[0])
        held = case.share(args.seed, c // args.window, max(tile_m // args.tile, 1))
        held = [row + (args.gather_offset if row >= 0 else 0) for row in held]
        shared = [("sr", held, args.lists, [len(held)]),
                  ("sp", case.places, "i16", [len(case.places)])]
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
    # What an epilogue takes: name, values, element type, shape.
    wide = "f32" if version else e
    more = []
    if args.scales:
        more.append(("u", case.scales, "f32", [n, 1] if args.token_major_output else [1, n]))
    if args.epilogue:
        more += [("b", case.bias, "f32", [r]), ("e", flat(case.residual), wide, matrix)]
    def types_of(operands):
        return ["tensor<" + "x".join(map(str, shape)) + f"x{element}>"
                for _, _, element, shape in operands]

    types = types_of(more)
    more_types = "".join(", " + t for t in types_of(shared) + types)
    slabs = f"\n    slabs(%sr, %sp : {', '.join(types_of(shared))})" if shared else ""
    signature = (f"%v: {tv}, %m: {tm}, %l: {tl}, %o: {to}, "
                 f"%x: tensor<{image}>{rows_type}")
    for (name, *_), kind in zip(shared + more, types_of(shared) + types):
        signature += f", %{name}: {kind}"
    epilogue = ""
    if more:
        last = "%sum"
        lines = ""

        def line(operation):
            nonlocal last, lines
            last = f"%v{lines.count(chr(10))}"
            lines += f"    {last} = {operation}\n"

        if total == "i32":
            line(f"arith.sitofp {last} : i32 to f32")
        if args.scales:
            line(f"arith.mulf {last}, %pu : f32")
        if args.epilogue:
            line(f"arith.addf {last}, %pb : f32")
            value = last
            if wide != "f32":
                line(f"arith.extf %pe : {wide} to f32")
            line(f"arith.subf {value}, {last if wide != 'f32' else '%pe'} : f32")
            line(f"arith.maximumf {last}, %low : f32")
        if args.function:
            line(f"arith.mulf {last}, %scale : f32")
            first = "%three, " if args.function == "copysign" else ""
            line(f"math.{args.function} {first}{last} : f32")
        if o[0] == "i":
            line(f"arith.fptosi {last} : f32 to {o}")
        elif o != "f32":
            line(f"arith.truncf {last} : f32 to {o}")
        scale = "0.25" if args.function in ("floor", "ceil") else "1.0"
        arguments = "".join(f", %p{name}: {element}" for name, _, element, _ in more)
        epilogue = f"""
    epilogue({", ".join("%" + name for name, *_ in more)} : {", ".join(types)}) {{
  ^bb0(%sum: {total}{arguments}):
    %low = arith.constant -5.0 : f32
    %scale = arith.constant {scale} : f32
    %three = arith.constant 3.0 : f32
{lines}    hinm.yield {last} : {o}
  }}"""
    lists, constant = "%l", ""
    if args.constant_list:
        lists = "%lists"
        listed = dense(case.list, args.lists, [len(case.list)])
        constant = f"  %lists = arith.constant {listed}\n"
    print(f"""func.func private @layer({signature}) -> tensor<{result}x{o}> attributes {{llvm.emit_c_interface}} {{
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<{image}>
  %init = tensor.empty({'%n' if args.dynamic else ''}) : tensor<{result}x{o}>
{constant}  %y = hinm.spmm as {fmt}
    ins(%v, %m, {lists}, %o, %x : {tv}, {tm}, {tl}, {to}, tensor<{image}>){slabs}{rows}
    outs(%init : tensor<{result}x{o}>){epilogue}{attrs} -> tensor<{result}x{o}>
  return %y : tensor<{result}x{o}>
}}""")
    print(count("y", whole, o))
    if args.unpack:
        print(count("w", f"{r}x{c}", e))
    print("func.func @main() {")
    for name, values, element, shape in (
            ("v", case.values, e, [len(case.values)]),
            ("m", case.metadata, "i32", [len(case.metadata)]),
            ("l", [c + args.gather_offset for c in case.list], args.lists, [len(case.list)]),
            ("o", case.offsets, "i32", [len(case.offsets)]),
            ("rows", case.row_index, "i32", [r]),
            *shared, *more, ("xs", flat(case.input), e, [len(case.input), len(case.input[0])]), ("expected", flat(case.y), o, matrix)):
        print(f"  %{name} = arith.constant {dense(values, element, shape)}")
    cast = (lambda v, s, a, b, t: f"  %{v} = tensor.cast %{s} : tensor<{a}x{t}> to tensor<{b}x{t}>")
    print(cast("x", "xs", f"{c}x{n}", f"{c}x{dyn}", e) if args.dynamic else "")
    x = "%x" if args.dynamic else "%xs"
    index = ", %rows" if args.row_index else ""
    index_type = f", tensor<{r}xi32>" if args.row_index else ""
    index += "".join(f", %{name}" for name, *_ in shared + more)
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
