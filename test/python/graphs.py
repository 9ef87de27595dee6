"""Random networks as MLIR, for property tests of the passes that reorder channels.

A graph is a list of nodes, each a tensor computed from earlier ones. All weights and
activations are small integers (activations are clamped), so that f32 computes them
exactly in any order and a pass that only reorders must not change a bit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

#: Rows (tokens) of every activation.
TOKENS = 6
#: Widths (channels) that layers have.
WIDTHS = (4, 8, 12, 16)
#: Loop bounds of nested repetitions.
ITERATIONS = 2


@dataclass(frozen=True)
class Node:
    """One tensor of TOKENS × ``width``.

    Attributes:
        kind: a key of :data:`KINDS`.
        inputs: earlier nodes.
        width: channels of the result.
        seed: of the node's own constants and choices.
    """

    kind: str
    inputs: tuple[int, ...]
    width: int
    seed: int


@dataclass
class _Writer:
    """Collects the lines of one function, and private functions beside it."""

    name: str
    draw: random.Random
    lines: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    count: int = 0

    def op(self, text: str) -> str:
        self.count += 1
        value = f"%v{self.count}"
        self.lines.append(f"  {value} = {text}")
        return value

    def constant(self, *shape: int, low: int = -2, high: int = 2) -> str:
        def entries(sizes: tuple[int, ...]) -> str:
            if not sizes:
                return f"{self.draw.randint(low, high)}.0"
            return "[" + ", ".join(entries(sizes[1:]) for _ in range(sizes[0])) + "]"

        return self.op(f"arith.constant dense<{entries(shape)}> : {tensor(*shape)}")

    def empty(self, *shape: int) -> str:
        return self.op(f"tensor.empty() : {tensor(*shape)}")

    def zeros(self, *shape: int) -> str:
        zero = self.op("arith.constant 0.0 : f32")
        return self.op(
            f"linalg.fill ins({zero} : f32) outs({self.empty(*shape)} : "
            f"{tensor(*shape)}) -> {tensor(*shape)}"
        )

    def generic(
        self,
        operands: list[tuple[str, tuple[int, ...], str]],
        shape: tuple[int, ...],
        body: list[str],
        result: str,
        init: str | None = None,
        out: str | None = None,
        reductions: tuple[int, ...] = (),
        loops: int | None = None,
    ) -> str:
        """A linalg.generic: operands are (value, shape, dims of the map)."""
        loops = loops or len(shape)
        names = ", ".join(f"d{i}" for i in range(loops))
        out = out if out is not None else names
        maps = [f"affine_map<({names}) -> ({dims})>" for _, _, dims in operands]
        maps.append(f"affine_map<({names}) -> ({out})>")
        iterators = ", ".join(
            '"reduction"' if i in reductions else '"parallel"' for i in range(loops)
        )
        init = init or self.empty(*shape)
        ins = ", ".join(value for value, _, _ in operands)
        types = ", ".join(tensor(*size) for _, size, _ in operands)
        inputs = f"ins({ins} : {types}) " if operands else ""
        arguments = [f"%a{i}: f32" for i in range(len(operands))] + ["%o: f32"]
        self.count += 1
        value = f"%v{self.count}"
        self.lines += [
            f"  {value} = linalg.generic {{indexing_maps = [{', '.join(maps)}], "
            f"iterator_types = [{iterators}]}} {inputs}"
            f"outs({init} : {tensor(*shape)}) {{",
            f"  ^bb0({', '.join(arguments)}):",
            *(f"    {line}" for line in body),
            f"    linalg.yield {result} : f32",
            f"  }} -> {tensor(*shape)}",
        ]
        return value

    def clamp(self, x: str, *shape: int) -> str:
        """Keep the numbers small: min(max(x, −8), 8)."""
        dims = ", ".join(f"d{i}" for i in range(len(shape)))
        return self.generic(
            [(x, shape, dims)],
            shape,
            [
                "%low = arith.constant -8.0 : f32",
                "%high = arith.constant 8.0 : f32",
                "%m = arith.maximumf %a0, %low : f32",
                "%r = arith.minimumf %m, %high : f32",
            ],
            "%r",
        )

    def transpose(self, x: str, shape: tuple[int, ...], order: tuple[int, ...]) -> str:
        to = tuple(shape[i] for i in order)
        return self.op(
            f"linalg.transpose ins({x} : {tensor(*shape)}) outs({self.empty(*to)} : "
            f"{tensor(*to)}) permutation = {list(order)}"
        )

    def expand(self, x: str, *channels: int) -> str:
        """The channels of (TOKENS, width) as several dimensions."""
        to = (TOKENS, *channels)
        groups = [[0], list(range(1, len(to)))]
        return self.op(
            f"tensor.expand_shape {x} {groups} output_shape {list(to)} : "
            f"{tensor(TOKENS, math.prod(channels))} into {tensor(*to)}"
        )

    def collapse(self, x: str, *channels: int) -> str:
        """The other way round."""
        to = (TOKENS, *channels)
        groups = [[0], list(range(1, len(to)))]
        return self.op(
            f"tensor.collapse_shape {x} {groups} : {tensor(*to)} into "
            f"{tensor(TOKENS, math.prod(channels))}"
        )

    def slice(
        self,
        x: str,
        shape: tuple[int, ...],
        begin: int,
        size: int,
        stride: int = 1,
    ) -> str:
        """A range of the last dimension."""
        to = (*shape[:-1], size)
        return self.op(
            f"tensor.extract_slice {x}{[*[0] * len(to[:-1]), begin]} {list(to)} "
            f"{[*[1] * len(to[:-1]), stride]} : {tensor(*shape)} to {tensor(*to)}"
        )

    def concat(self, parts: list[tuple[str, tuple[int, ...]]]) -> str:
        """Along the last dimension."""
        first = parts[0][1]
        total = sum(shape[-1] for _, shape in parts)
        return self.op(
            f"tensor.concat dim({len(first) - 1}) "
            f"{', '.join(value for value, _ in parts)} : "
            f"({', '.join(tensor(*shape) for _, shape in parts)}) -> "
            f"{tensor(*first[:-1], total)}"
        )

    def linear(self, x: str, tokens: int, columns: int, rows: int) -> str:
        """A layer as exporters write it, with a bias half of the time."""
        weight = self.constant(rows, columns)
        if self.draw.random() < 0.3:
            y = self.op(
                "linalg.contract indexing_maps = [affine_map<(n, r, c) -> (n, c)>, "
                "affine_map<(n, r, c) -> (r, c)>, affine_map<(n, r, c) -> (n, r)>] "
                f"ins({x}, {weight} : {tensor(tokens, columns)}, "
                f"{tensor(rows, columns)}) outs({self.zeros(tokens, rows)} : "
                f"{tensor(tokens, rows)}) -> {tensor(tokens, rows)}"
            )
        else:
            turned = self.transpose(weight, (rows, columns), (1, 0))
            y = self.op(
                f"linalg.matmul ins({x}, {turned} : {tensor(tokens, columns)}, "
                f"{tensor(columns, rows)}) outs({self.zeros(tokens, rows)} : "
                f"{tensor(tokens, rows)}) -> {tensor(tokens, rows)}"
            )
        if self.draw.random() < 0.5:
            y = self.generic(
                [
                    (y, (tokens, rows), "d0, d1"),
                    (self.constant(rows), (rows,), "d1"),
                ],
                (tokens, rows),
                ["%r = arith.addf %a0, %a1 : f32"],
                "%r",
            )
        return self.clamp(y, tokens, rows)


def tensor(*shape: int) -> str:
    """The type of an f32 tensor."""
    return f"tensor<{'x'.join([*map(str, shape), 'f32'])}>"


def _linear(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    return w.linear(x[0], TOKENS, widths[0], node.width)


def _unary(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    shape = (TOKENS, node.width)
    if w.draw.random() < 0.5:
        return w.op(f"arith.negf {x[0]} : {tensor(*shape)}")
    return w.generic(
        [(x[0], shape, "d0, d1")],
        shape,
        ["%z = arith.constant 0.0 : f32", "%r = arith.maximumf %a0, %z : f32"],
        "%r",
    )


def _binary(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    shape = (TOKENS, node.width)
    op = w.draw.choice(("addf", "subf", "mulf", "maximumf"))
    if w.draw.random() < 0.5:
        y = w.op(f"arith.{op} {x[0]}, {x[1]} : {tensor(*shape)}")
    else:
        y = w.generic(
            [(x[0], shape, "d0, d1"), (x[1], shape, "d0, d1")],
            shape,
            [f"%r = arith.{op} %a0, %a1 : f32"],
            "%r",
        )
    return w.clamp(y, *shape)


def _norm(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Less the sum or the maximum of a token, then a scale and a shift a channel."""
    shape = (TOKENS, node.width)
    op = w.draw.choice(("addf", "maximumf"))
    total = w.generic(
        [(x[0], shape, "d0, d1")],
        (TOKENS,),
        [f"%r = arith.{op} %a0, %o : f32"],
        "%r",
        init=w.zeros(TOKENS),
        out="d0",
        reductions=(1,),
        loops=2,
    )
    scale, shift = w.constant(node.width), w.constant(node.width)
    y = w.generic(
        [
            (x[0], shape, "d0, d1"), (total, (TOKENS,), "d0"),
            (scale, (node.width,), "d1"), (shift, (node.width,), "d1"),
        ],
        shape,
        [
            "%s = arith.subf %a0, %a1 : f32",
            "%t = arith.mulf %s, %a2 : f32",
            "%r = arith.addf %t, %a3 : f32",
        ],
        "%r",
    )  # fmt: skip
    return w.clamp(y, *shape)


def _table(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Adds a constant for each token and channel, as a positional table does."""
    shape = (TOKENS, node.width)
    y = w.op(f"arith.addf {x[0]}, {w.constant(*shape)} : {tensor(*shape)}")
    return w.clamp(y, *shape)


def _embedding(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Rows of a table, chosen by constant tokens."""
    rows, shape = 7, (TOKENS, node.width)
    table = w.constant(rows, node.width, low=-5, high=5)
    ids = ", ".join(str(w.draw.randrange(rows)) for _ in range(TOKENS))
    tokens = w.op(f"arith.constant dense<[{ids}]> : tensor<{TOKENS}xi64>")
    empty = w.empty(*shape)
    w.count += 1
    value = f"%v{w.count}"
    w.lines += [
        f"  {value} = linalg.generic {{indexing_maps = [affine_map<(d0, d1) -> (d0)>, "
        "affine_map<(d0, d1) -> (d0, d1)>], "
        'iterator_types = ["parallel", "parallel"]} '
        f"ins({tokens} : tensor<{TOKENS}xi64>) outs({empty} : {tensor(*shape)}) {{",
        "  ^bb0(%t: i64, %o: f32):",
        "    %row = arith.index_cast %t : i64 to index",
        "    %c = linalg.index 1 : index",
        f"    %e = tensor.extract {table}[%row, %c] : {tensor(rows, node.width)}",
        "    linalg.yield %e : f32",
        f"  }} -> {tensor(*shape)}",
    ]
    return value


def _index(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Knows where it is: its channels can not be reordered."""
    shape = (TOKENS, node.width)
    y = w.generic(
        [(x[0], shape, "d0, d1")],
        shape,
        [
            "%i = linalg.index 1 : index",
            "%j = arith.index_cast %i : index to i32",
            "%f = arith.sitofp %j : i32 to f32",
            "%r = arith.addf %a0, %f : f32",
        ],
        "%r",
    )
    return w.clamp(y, *shape)


def _head_size(w: _Writer, width: int) -> int:
    return w.draw.choice([size for size in (2, 4, 6, 8) if width % size == 0])


def _attention(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """q, k, v by heads."""
    size = _head_size(w, node.width)
    heads = node.width // size
    split = (TOKENS, heads, size)

    def by_head(value: str) -> str:
        return w.transpose(w.expand(value, heads, size), split, (1, 0, 2))

    q, k, v = (by_head(value) for value in x)
    turned = w.transpose(k, (heads, TOKENS, size), (0, 2, 1))
    square = (heads, TOKENS, TOKENS)
    scores = w.op(
        f"linalg.batch_matmul ins({q}, {turned} : {tensor(heads, TOKENS, size)}, "
        f"{tensor(heads, size, TOKENS)}) outs({w.zeros(*square)} : {tensor(*square)}) "
        f"-> {tensor(*square)}"
    )
    scores = w.clamp(scores, *square)
    out = (heads, TOKENS, size)
    mixed = w.op(
        f"linalg.batch_matmul ins({scores}, {v} : {tensor(*square)}, {tensor(*out)}) "
        f"outs({w.zeros(*out)} : {tensor(*out)}) -> {tensor(*out)}"
    )
    back = w.transpose(w.clamp(mixed, *out), out, (1, 0, 2))
    return w.collapse(back, heads, size)


def _rotary(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Pairs of channels of a head, turned by an angle: its halves, or neighbours."""
    size = _head_size(w, node.width)
    heads, half = node.width // size, size // 2
    whole, part = (TOKENS, heads, size), (TOKENS, heads, half)
    value = w.expand(x[0], heads, size)
    if w.draw.random() < 0.5:
        first, second = (
            w.slice(value, whole, 0, half),
            w.slice(value, whole, half, half),
        )
    else:
        first = w.slice(value, whole, 0, half, stride=2)
        second = w.slice(value, whole, 1, half, stride=2)
    negative = w.op(f"arith.negf {second} : {tensor(*part)}")
    turned = w.concat([(negative, part), (first, part)])
    tables = [w.constant(TOKENS, half) for _ in range(2)]
    both = [w.concat([(t, (TOKENS, half))] * 2) for t in tables]
    y = w.generic(
        [
            (value, whole, "d0, d1, d2"), (both[0], (TOKENS, size), "d0, d2"),
            (turned, whole, "d0, d1, d2"), (both[1], (TOKENS, size), "d0, d2"),
        ],
        whole,
        [
            "%s = arith.mulf %a0, %a1 : f32",
            "%t = arith.mulf %a2, %a3 : f32",
            "%r = arith.addf %s, %t : f32",
        ],
        "%r",
        out="d0, d1, d2",
        loops=3,
    )  # fmt: skip
    return w.collapse(w.clamp(y, *whole), heads, size)


def _shuffle(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """The channel shuffle between grouped convolutions."""
    groups = w.draw.choice((2, 4))
    size = node.width // groups
    turned = w.transpose(
        w.expand(x[0], groups, size), (TOKENS, groups, size), (0, 2, 1)
    )
    return w.collapse(turned, size, groups)


def _experts(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Each half of the channels has a weight of its own."""
    half = node.width // 2
    split = (TOKENS, 2, half)
    turned = w.transpose(w.expand(x[0], 2, half), split, (1, 0, 2))
    out = (2, TOKENS, half)
    weights = w.constant(2, half, half)
    y = w.op(
        f"linalg.batch_matmul ins({turned}, {weights} : {tensor(*out)}, "
        f"{tensor(2, half, half)}) outs({w.zeros(*out)} : {tensor(*out)}) -> "
        f"{tensor(*out)}"
    )
    back = w.transpose(w.clamp(y, *out), out, (1, 0, 2))
    return w.collapse(back, 2, half)


def _concat(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    return w.concat([(v, (TOKENS, n)) for v, n in zip(x, widths, strict=True)])


def _slice(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    stride = w.draw.randint(1, max(1, (widths[0] - 1) // max(1, node.width - 1)))
    begin = w.draw.randint(0, widths[0] - (node.width - 1) * stride - 1)
    return w.slice(x[0], (TOKENS, widths[0]), begin, node.width, stride)


def _fused(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """One layer for the gate and what it lets through."""
    both, shape = 2 * node.width, (TOKENS, node.width)
    y = w.linear(x[0], TOKENS, widths[0], both)
    gate = w.slice(y, (TOKENS, both), 0, node.width)
    value = w.slice(y, (TOKENS, both), node.width, node.width)
    return w.clamp(w.op(f"arith.mulf {gate}, {value} : {tensor(*shape)}"), *shape)


def _insert(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Some channels, or channels of some tokens, replaced by those of another."""
    rows = w.draw.choice((TOKENS, 2))
    at = w.draw.randint(0, TOKENS - rows)
    size = w.draw.randint(1, node.width)
    begin = w.draw.randint(0, node.width - size)
    part = w.op(
        f"tensor.extract_slice {x[1]}[0, 0] [{rows}, {size}] [1, 1] : "
        f"{tensor(TOKENS, node.width)} to {tensor(rows, size)}"
    )
    return w.op(
        f"tensor.insert_slice {part} into {x[0]}[{at}, {begin}] [{rows}, {size}] "
        f"[1, 1] : {tensor(rows, size)} into {tensor(TOKENS, node.width)}"
    )


def _pad(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    low = w.draw.randint(0, node.width - widths[0])
    high = node.width - widths[0] - low
    w.count += 1
    value = f"%v{w.count}"
    w.lines += [
        f"  {value} = tensor.pad {x[0]} low[0, {low}] high[0, {high}] {{",
        "  ^bb0(%i: index, %j: index):",
        "    %z = arith.constant 1.0 : f32",
        "    tensor.yield %z : f32",
        f"  }} : {tensor(TOKENS, widths[0])} to {tensor(TOKENS, node.width)}",
    ]
    return value


def _mix(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """A layer over the tokens, as in an MLP-Mixer."""
    turned = w.transpose(x[0], (TOKENS, node.width), (1, 0))
    mixed = w.linear(turned, node.width, TOKENS, TOKENS)
    return w.transpose(mixed, (node.width, TOKENS), (1, 0))


def _flatten(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """All channels of all tokens into one layer, channel after channel."""
    wide = TOKENS * widths[0]
    turned = w.transpose(x[0], (TOKENS, widths[0]), (1, 0))
    flat = w.op(
        f"tensor.collapse_shape {turned} [[0, 1]] : {tensor(widths[0], TOKENS)} into "
        f"{tensor(wide)}"
    )
    row = w.op(
        f"tensor.expand_shape {flat} [[0, 1]] output_shape [1, {wide}] : "
        f"{tensor(wide)} into {tensor(1, wide)}"
    )
    y = w.linear(row, 1, wide, node.width)
    return w.generic([(y, (1, node.width), "0, d1")], (TOKENS, node.width), [], "%a0")


def _convolution(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """Over the tokens, as pixels of one row, with a pixel of padding at each end."""
    columns, wide = widths[0], TOKENS + 2
    turned = w.transpose(x[0], (TOKENS, columns), (1, 0))
    image = w.op(
        f"tensor.expand_shape {turned} [[0, 1], [2]] output_shape "
        f"[1, {columns}, {TOKENS}] : {tensor(columns, TOKENS)} into "
        f"{tensor(1, columns, TOKENS)}"
    )
    w.count += 1
    padded = f"%v{w.count}"
    w.lines += [
        f"  {padded} = tensor.pad {image} low[0, 0, 1] high[0, 0, 1] {{",
        "  ^bb0(%i: index, %j: index, %k: index):",
        "    %z = arith.constant 0.0 : f32",
        "    tensor.yield %z : f32",
        f"  }} : {tensor(1, columns, TOKENS)} to {tensor(1, columns, wide)}",
    ]
    out = (1, node.width, TOKENS)
    filters = w.constant(node.width, columns, 3)
    y = w.op(
        f"linalg.conv_1d_ncw_fcw ins({padded}, {filters} : "
        f"{tensor(1, columns, wide)}, {tensor(node.width, columns, 3)}) "
        f"outs({w.zeros(*out)} : {tensor(*out)}) -> {tensor(*out)}"
    )
    flat = w.op(
        f"tensor.collapse_shape {w.clamp(y, *out)} [[0, 1], [2]] : {tensor(*out)} into "
        f"{tensor(node.width, TOKENS)}"
    )
    return w.transpose(flat, (node.width, TOKENS), (1, 0))


def _call(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """A private function, called once or twice."""
    name = f"{w.name}_f{len(w.functions)}"
    inner = _Writer(name, w.draw)
    y = inner.linear("%x", TOKENS, node.width, node.width)
    kind = tensor(TOKENS, node.width)
    w.functions.append(
        "\n".join(
            [f"func.func private @{name}(%x: {kind}) -> {kind} {{", *inner.lines,
             f"  return {y} : {kind}", "}"]
        )
    )  # fmt: skip
    value = x[0]
    for _ in range(w.draw.randint(1, 2)):
        value = w.op(f"func.call @{name}({value}) : ({kind}) -> {kind}")
    return value


def _loop(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """A residual layer, over and over."""
    kind = tensor(TOKENS, node.width)
    zero, one, end = (w.op(f"arith.constant {n} : index") for n in (0, 1, ITERATIONS))
    inner = _Writer(w.name, w.draw, count=w.count + 1)
    y = inner.linear("%state", TOKENS, node.width, node.width)
    total = inner.clamp(
        inner.op(f"arith.addf %state, {y} : {kind}"), TOKENS, node.width
    )
    value = f"%v{w.count + 1}"
    w.count = inner.count
    w.lines += [
        f"  {value} = scf.for %i = {zero} to {end} step {one} "
        f"iter_args(%state = {x[0]}) -> ({kind}) {{",
        *inner.lines,
        f"  scf.yield {total} : {kind}",
        "  }",
    ]
    return value


def _branch(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """One of two values, by a condition that is not known."""
    kind = tensor(TOKENS, node.width)
    zero = w.op("arith.constant 0 : index")
    first = w.op(f"tensor.extract %x[{zero}, {zero}] : {tensor(TOKENS, WIDTHS[1])}")
    limit = w.op("arith.constant 0.0 : f32")
    condition = w.op(f"arith.cmpf ogt, {first}, {limit} : f32")
    w.count += 1
    value = f"%v{w.count}"
    w.lines += [
        f"  {value} = scf.if {condition} -> ({kind}) {{",
        f"    scf.yield {x[0]} : {kind}",
        "  } else {",
        f"    scf.yield {x[1]} : {kind}",
        "  }",
    ]
    return value


def _permute(w: _Writer, node: Node, x: list[str], widths: list[int]) -> str:
    """A permutation that is part of the network, of any channels or of blocks."""
    dim = w.draw.randrange(2)
    size = (TOKENS, node.width)[dim]
    order = list(range(size))
    kind = w.draw.randrange(4)
    block = w.draw.choice([n for n in range(2, size + 1) if size % n == 0])
    outer, inner = list(range(size // block)), list(range(block))
    if kind in (0, 1):
        w.draw.shuffle(outer)
    if kind in (1, 2):
        w.draw.shuffle(inner)
    order = [block * i + j for i in outer for j in inner]
    if kind == 3:
        w.draw.shuffle(order)
    return w.op(
        f"hinm.permute {x[0]} by #hinm.permutation<dense<{order}> : "
        f"tensor<{size}xi32>> dim {dim} : {tensor(TOKENS, node.width)}"
    )


Emit = Callable[[_Writer, Node, list[str], list[int]], str]

#: Kind of node: how it is written, how many inputs it has, and whether they have its
#: width ("same"), any ("any"), less ("less", "sum" for two) or more ("more").
KINDS: dict[str, tuple[Emit, int, str]] = {
    "linear": (_linear, 1, "any"),
    "unary": (_unary, 1, "same"),
    "binary": (_binary, 2, "same"),
    "norm": (_norm, 1, "same"),
    "table": (_table, 1, "same"),
    "embedding": (_embedding, 0, "any"),
    "index": (_index, 1, "same"),
    "attention": (_attention, 3, "same"),
    "rotary": (_rotary, 1, "same"),
    "shuffle": (_shuffle, 1, "same"),
    "fused": (_fused, 1, "any"),
    "insert": (_insert, 2, "same"),
    "experts": (_experts, 1, "same"),
    "concat": (_concat, 2, "sum"),
    "slice": (_slice, 1, "more"),
    "pad": (_pad, 1, "less"),
    "mix": (_mix, 1, "same"),
    "flatten": (_flatten, 1, "any"),
    "convolution": (_convolution, 1, "any"),
    "call": (_call, 1, "same"),
    "loop": (_loop, 1, "same"),
    "branch": (_branch, 2, "same"),
    "permute": (_permute, 1, "same"),
}

_WEIGHTS = {
    "linear": 5,
    "convolution": 2,
    "binary": 3,
    "unary": 2,
    "norm": 2,
    "permute": 0,
    "index": 0.3,
}


@dataclass(frozen=True)
class Graph:
    """A network; its result is the last node. Node 0 is the argument."""

    nodes: tuple[Node, ...]

    @property
    def has_permutes(self) -> bool:
        """Whether a permutation is part of the network itself."""
        return any(node.kind == "permute" for node in self.nodes)

    def to_mlir(self, name: str) -> str:
        """The functions of the network, the public one called ``name``."""
        widths = [WIDTHS[1]]
        values = ["%x"]
        writer = _Writer(name, random.Random(0))
        for node in self.nodes:
            writer.draw = random.Random(node.seed)
            emit = KINDS[node.kind][0]
            inputs = [values[i] for i in node.inputs]
            values.append(emit(writer, node, inputs, [widths[i] for i in node.inputs]))
            widths.append(node.width)
        argument, kind = tensor(TOKENS, WIDTHS[1]), tensor(TOKENS, widths[-1])
        return "\n".join(
            [*writer.functions,
             f"func.func @{name}(%x: {argument}) -> {kind} {{", *writer.lines,
             f"  return {values[-1]} : {kind}", "}"]
        )  # fmt: skip

    def reduced(self) -> list[Graph]:
        """Smaller graphs: without the last node, or with a node left out."""
        smaller = []
        if len(self.nodes) > 1:
            smaller.append(Graph(self.nodes[:-1])._without_dead())
        for i, node in enumerate(self.nodes):
            widths = [WIDTHS[1], *(n.width for n in self.nodes)]
            stand_ins = [k for k in (*node.inputs, 0) if widths[k] == node.width]
            if not stand_ins or len(self.nodes) == 1:
                continue
            shifted = []
            for other in self.nodes[:i] + self.nodes[i + 1 :]:
                inputs = tuple(
                    stand_ins[0] if k == i + 1 else k - (k > i + 1)
                    for k in other.inputs
                )
                shifted.append(Node(other.kind, inputs, other.width, other.seed))
            smaller.append(Graph(tuple(shifted))._without_dead())
        return [graph for graph in smaller if graph.nodes]

    def _without_dead(self) -> Graph:
        live = {len(self.nodes)}
        for i in range(len(self.nodes), 0, -1):
            if i in live:
                live.update(self.nodes[i - 1].inputs)
        kept = [0, *(i for i in range(1, len(self.nodes) + 1) if i in live)]
        number = {old: new for new, old in enumerate(kept)}
        return Graph(
            tuple(
                Node(n.kind, tuple(number[k] for k in n.inputs), n.width, n.seed)
                for n in (self.nodes[i - 1] for i in kept[1:])
            )
        )


def random_graph(seed: int, permutes: bool) -> Graph:
    """A graph of 4 to 16 nodes; with ``permutes``, some are explicit permutations."""
    draw = random.Random(seed)
    nodes: list[Node] = []
    widths = [WIDTHS[1]]
    kinds = list(KINDS)
    weights = [_WEIGHTS.get(kind, 1) for kind in kinds]
    if permutes:
        weights[kinds.index("permute")] = 3
    target = draw.randint(4, 16)
    while len(nodes) < target:
        kind = draw.choices(kinds, weights)[0]
        _, arity, relation = KINDS[kind]

        # Later values are likelier, so that the graph is deep.
        def pick() -> int:
            return max(draw.randrange(len(widths)), draw.randrange(len(widths)))

        inputs = [pick() for _ in range(arity)]
        width = draw.choice(WIDTHS)
        if relation == "same":
            width = widths[inputs[0]]
            same = [i for i, w in enumerate(widths) if w == width]
            inputs = [inputs[0], *(draw.choice(same) for _ in inputs[1:])]
        elif relation == "sum":
            width = sum(widths[i] for i in inputs)
        fits = {
            "more": inputs and width < widths[inputs[0]],
            "less": inputs and width > widths[inputs[0]],
        }
        if not fits.get(relation, True):
            continue
        if width > 2 * WIDTHS[-1]:
            continue
        nodes.append(Node(kind, tuple(inputs), width, draw.getrandbits(32)))
        widths.append(width)
    return Graph(tuple(nodes))._without_dead()
