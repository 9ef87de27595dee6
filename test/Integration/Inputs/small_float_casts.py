#!/usr/bin/env python3
"""Writes a module that casts from and to an 8-bit float and counts wrong results.

    small_float_casts.py f8E4M3FN

Every number of the format is widened. Narrowed are all of them, what lies half way
between two neighbours, the f32 next to it on either side, and what is too large or
too small. What is expected comes from the definition of the format: the nearest
number, of two equally near ones that with an even code. `main` prints two counts.
"""

import bisect
import math
import struct
import sys


def bits_of(value):
    """The bits of an f32."""
    return struct.unpack("<I", struct.pack("<f", value))[0]


def float_of(bits):
    """The f32 of some bits."""
    return struct.unpack("<f", struct.pack("<I", bits))[0]


class Format:
    """An 8-bit float with its positive numbers in rising order, by their codes."""

    def __init__(self, name):
        self.fraction, self.bias, self.has_infinity = {
            "f8E4M3FN": (3, 7, False), "f8E5M2": (2, 15, True)}[name]
        self.finite = []
        for code in range(0x7C if self.has_infinity else 0x7F):
            exponent, fraction = divmod(code, 1 << self.fraction)
            mantissa = fraction + ((1 << self.fraction) if exponent else 0)
            self.finite.append(math.ldexp(mantissa, max(exponent, 1) - self.bias - self.fraction))

    def widened(self, code):
        """The number of a code."""
        magnitude = code & 0x7F
        if magnitude < len(self.finite):
            value = self.finite[magnitude]
        else:
            value = math.inf if self.has_infinity and magnitude == 0x7C else math.nan
        return math.copysign(value, -1 if code & 0x80 else 1)

    def narrowed(self, value):
        """The code of a number that is not NaN."""
        sign = 0x80 if math.copysign(1, value) < 0 else 0
        value = abs(value)
        # What would follow the largest number, if there were one more exponent.
        following = 2 * self.finite[-1] - self.finite[-2]
        numbers = [*self.finite, following]
        if value >= following:
            return sign | len(self.finite)
        above = bisect.bisect_left(numbers, value)
        if numbers[above] == value:
            return sign | above
        below = above - 1
        low, high = value - numbers[below], numbers[above] - value
        nearest = below if low < high or (low == high and below % 2 == 0) else above
        return sign | nearest


LOOP = """
func.func private @{name}(%t: tensor<{count}x{source}>, %w: tensor<{count}x{bits}>) -> i64 {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant {count} : index
  %zero = arith.constant 0 : i64
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %zero) -> i64 {{
    %x = tensor.extract %t[%i] : tensor<{count}x{source}>
    %y = arith.{cast} %x : {source} to {target}
    %b = arith.bitcast %y : {target} to {bits}
    %z = tensor.extract %w[%i] : tensor<{count}x{bits}>
    %ne = arith.cmpi ne, %b, %z : {bits}
    %one = arith.extui %ne : i1 to i64
    %u = arith.addi %a, %one : i64
    scf.yield %u : i64
  }}
  return %s : i64
}}
"""


def main():
    """Prints the module."""
    name = sys.argv[1]
    fmt = Format(name)
    # A NaN has many codes: those that are no number are left out.
    codes = [c for c in range(256) if not math.isnan(fmt.widened(c))]
    numbers = set()
    for low, high in zip(fmt.finite, fmt.finite[1:] + [2 * fmt.finite[-1] - fmt.finite[-2]]):
        middle = bits_of((low + high) / 2)
        numbers |= {bits_of(low), middle - 1, middle, middle + 1}
    numbers |= {bits_of(v) for v in (65504.0, 1e6, 3e38, 1e-30, math.inf)} | {1}
    values = [float_of(bits | sign) for bits in sorted(numbers) for sign in (0, 1 << 31)]
    print(LOOP.format(name="back", count=len(codes), source=name, target="f32",
                      bits="i32", cast="extf"))
    print(LOOP.format(name="forth", count=len(values), source="f32", target=name,
                      bits="i8", cast="truncf"))
    print("func.func @main() {")
    for function, source, bits, inputs, outputs in (
            ("back", name, "i32", bytes(codes),
             b"".join(struct.pack("<f", fmt.widened(c)) for c in codes)),
            ("forth", "f32", "i8", b"".join(struct.pack("<f", v) for v in values),
             bytes(fmt.narrowed(v) for v in values))):
        count = len(inputs) // (4 if source == "f32" else 1)
        types = f"tensor<{count}x{source}>", f"tensor<{count}x{bits}>"
        print(f"""  %{function}_in = arith.constant dense<"0x{inputs.hex().upper()}"> : {types[0]}
  %{function}_out = arith.constant dense<"0x{outputs.hex().upper()}"> : {types[1]}
  %{function} = func.call @{function}(%{function}_in, %{function}_out) : ({types[0]}, {types[1]}) -> i64
  vector.print %{function} : i64""")
    print("  return\n}")


if __name__ == "__main__":
    main()
