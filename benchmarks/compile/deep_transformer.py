#!/usr/bin/env python3
"""Write a transformer of many layers, to see what the passes cost beside the search.

    python benchmarks/compile/deep_transformer.py --layers 100 --width 288 deep.mlir

Each layer is a self-attention by heads and a feed-forward block, with norms and
residuals, as linalg: 12 · width² weights of f32, random.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import numpy as np


class _Module:
    def __init__(self, out: TextIO, tokens: int, width: int, heads: int) -> None:
        self._out, self._tokens, self._width = out, tokens, width
        self._heads, self._count = heads, 0
        self._draw = np.random.default_rng(0)
        self._weights: list[tuple[str, int]] = []

    def op(self, text: str) -> str:
        self._count += 1
        self._out.write(f"  %v{self._count} = {text}\n")
        return f"%v{self._count}"

    def constant(self, *shape: int) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append((name, int(np.prod(shape))))
        kind = self.tensor(*shape)
        return self.op(f"arith.constant dense_resource<{name}> : {kind}")

    @staticmethod
    def tensor(*shape: int) -> str:
        return f"tensor<{'x'.join(map(str, shape))}xf32>"

    def empty(self, *shape: int) -> str:
        return self.op(f"tensor.empty() : {self.tensor(*shape)}")

    def zeros(self, *shape: int) -> str:
        kind = self.tensor(*shape)
        return self.op(
            f"linalg.fill ins(%zero : f32) outs({self.empty(*shape)} : {kind}) "
            f"-> {kind}"
        )

    def generic(
        self, maps: list[str], kinds: list[str], values: list[str],
        shape: tuple[int, ...], body: str, out: str, init: str | None = None,
    ) -> str:  # fmt: skip
        loops = ", ".join(f"d{i}" for i in range(len(kinds)))
        indexing = ", ".join(
            f"affine_map<({loops}) -> ({m})>" for m in [m for m, _ in maps] + [out]
        )
        iterators = ", ".join(f'"{kind}"' for kind in kinds)
        types = ", ".join(kind for _, kind in maps)
        arguments = ", ".join(f"%a{i}: f32" for i in range(len(values)))
        kind = self.tensor(*shape)
        return self.op(
            f"linalg.generic {{indexing_maps = [{indexing}], iterator_types = "
            f"[{iterators}]}} ins({', '.join(values)} : {types}) "
            f"outs({init or self.empty(*shape)} : {kind}) {{\n"
            f"  ^bb0({arguments}, %o: f32):\n    {body}\n    linalg.yield %r : f32\n"
            f"  }} -> {kind}"
        )

    def elementwise(self, body: str, *values: str, width: int) -> str:
        kind = self.tensor(self._tokens, width)
        return self.generic(
            [("d0, d1", kind)] * len(values), ["parallel"] * 2, list(values),
            (self._tokens, width), body, "d0, d1",
        )  # fmt: skip

    def linear(self, x: str, columns: int, rows: int) -> str:
        weight = self.constant(rows, columns)
        turned = self.op(
            f"linalg.transpose ins({weight} : {self.tensor(rows, columns)}) "
            f"outs({self.empty(columns, rows)} : {self.tensor(columns, rows)}) "
            "permutation = [1, 0]"
        )
        n = self._tokens
        y = self.op(
            f"linalg.matmul ins({x}, {turned} : {self.tensor(n, columns)}, "
            f"{self.tensor(columns, rows)}) outs({self.zeros(n, rows)} : "
            f"{self.tensor(n, rows)}) -> {self.tensor(n, rows)}"
        )
        bias = self.constant(rows)
        return self.generic(
            [("d0, d1", self.tensor(n, rows)), ("d1", self.tensor(rows))],
            ["parallel"] * 2, [y, bias], (n, rows),
            "%r = arith.addf %a0, %a1 : f32", "d0, d1",
        )  # fmt: skip

    def norm(self, x: str) -> str:
        n, width = self._tokens, self._width
        kind = self.tensor(n, width)
        total = self.generic(
            [("d0, d1", kind)], ["parallel", "reduction"], [x], (n,),
            "%r = arith.addf %a0, %o : f32", "d0", self.zeros(n),
        )  # fmt: skip
        return self.generic(
            [("d0, d1", kind), ("d0", self.tensor(n)), ("d1", self.tensor(width))],
            ["parallel"] * 2, [x, total, self.constant(width)], (n, width),
            "%s = arith.subf %a0, %a1 : f32\n    %r = arith.mulf %s, %a2 : f32",
            "d0, d1",
        )  # fmt: skip

    def heads(self, x: str) -> str:
        n, h, d = self._tokens, self._heads, self._width // self._heads
        split = self.op(
            f"tensor.expand_shape {x} [[0], [1, 2]] output_shape [{n}, {h}, {d}] : "
            f"{self.tensor(n, self._width)} into {self.tensor(n, h, d)}"
        )
        return self.op(
            f"linalg.transpose ins({split} : {self.tensor(n, h, d)}) "
            f"outs({self.empty(h, n, d)} : {self.tensor(h, n, d)}) "
            "permutation = [1, 0, 2]"
        )

    def attention(self, x: str) -> str:
        n, h, d, width = (
            self._tokens, self._heads, self._width // self._heads, self._width,
        )  # fmt: skip
        q, k, v = (self.heads(self.linear(x, width, width)) for _ in "qkv")
        parts = self.tensor(h, n, d)
        scores = self.generic(
            [("d0, d1, d3", parts), ("d0, d2, d3", parts)],
            ["parallel"] * 3 + ["reduction"], [q, k], (h, n, n),
            "%m = arith.mulf %a0, %a1 : f32\n    %r = arith.addf %m, %o : f32",
            "d0, d1, d2", self.zeros(h, n, n),
        )  # fmt: skip
        mixed = self.op(
            f"linalg.batch_matmul ins({scores}, {v} : {self.tensor(h, n, n)}, {parts}) "
            f"outs({self.zeros(h, n, d)} : {parts}) -> {parts}"
        )
        back = self.op(
            f"linalg.transpose ins({mixed} : {parts}) outs({self.empty(n, h, d)} : "
            f"{self.tensor(n, h, d)}) permutation = [1, 0, 2]"
        )
        joined = self.op(
            f"tensor.collapse_shape {back} [[0], [1, 2]] : {self.tensor(n, h, d)} into "
            f"{self.tensor(n, width)}"
        )
        return self.linear(joined, width, width)

    def layer(self, x: str) -> str:
        width = self._width
        add = "%r = arith.addf %a0, %a1 : f32"
        x = self.elementwise(add, x, self.attention(self.norm(x)), width=width)
        hidden = self.linear(self.norm(x), width, 4 * width)
        hidden = self.elementwise(
            "%r = arith.maximumf %a0, %zero : f32", hidden, width=4 * width
        )
        return self.elementwise(
            add, x, self.linear(hidden, 4 * width, width), width=width
        )

    def write(self, layers: int) -> None:
        kind = self.tensor(self._tokens, self._width)
        self._out.write(
            f"func.func @main(%x: {kind}) -> {kind} {{\n"
            "  %zero = arith.constant 0.0 : f32\n"
        )
        value = self.linear("%x", self._width, self._width)
        for _ in range(layers):
            value = self.layer(value)
        value = self.linear(value, self._width, self._width)
        self._out.write(f"  return {value} : {kind}\n}}\n")
        self._out.write("{-# dialect_resources: { builtin: {\n")
        for i, (name, size) in enumerate(self._weights):
            data = self._draw.standard_normal(size, np.float32)
            comma = "," if i + 1 < len(self._weights) else ""
            self._out.write(f'{name}: "0x04000000{data.tobytes().hex()}"{comma}\n')
        self._out.write("}}#-}\n")


def write(path: Path, layers: int, width: int, tokens: int = 16, heads: int = 8) -> int:
    """Write the module; returns the bytes of its weights."""
    with path.open("w") as out:
        module = _Module(out, tokens, width, heads)
        module.write(layers)
        return 4 * sum(size for _, size in module._weights)


def main() -> None:
    """Writes the module that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--layers", type=int, default=100)
    parser.add_argument("--width", type=int, default=288)
    arguments = parser.parse_args()
    size = write(arguments.path, arguments.layers, arguments.width)
    print(f"{size / 1e6:.0f} MB of weights")


if __name__ == "__main__":
    main()
