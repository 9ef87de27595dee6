#!/usr/bin/env python3
"""Prints the PTX that gpu-module-to-binary{format=isa} left in a module.

    hinm-opt ... --gpu-module-to-binary=format=isa | scripts/extract_ptx.py > k.ptx

Reads MLIR text from the file named or from standard input. Exits 1 when the
module has no `gpu.object` with assembly, or more than one.
"""

import pathlib
import re
import sys

# The string of `assembly = "..."`, in MLIR's escapes: \\ \" and \ + two hex digits.
OBJECT = re.compile(rb'assembly = "((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(rb'\\(\\|"|n|t|[0-9A-Fa-f]{2})')
PLAIN = {b"\\": b"\\", b'"': b'"', b"n": b"\n", b"t": b"\t"}


def unescape(text: bytes) -> bytes:
    """Undoes MLIR's escapes in the body of a string literal."""

    def one(match: "re.Match[bytes]") -> bytes:
        code = match.group(1)
        return PLAIN[code] if code in PLAIN else bytes([int(code, 16)])

    return ESCAPE.sub(one, text)


def main() -> int:
    """Reads the module, writes the PTX; returns the exit status."""
    if len(sys.argv) > 1:
        with pathlib.Path(sys.argv[1]).open("rb") as stream:
            module = stream.read()
    else:
        module = sys.stdin.buffer.read()
    objects = OBJECT.findall(module)
    if len(objects) != 1:
        print(
            f"extract_ptx: expected one gpu.object with assembly, found {len(objects)}",
            file=sys.stderr,
        )
        return 1
    # The literal ends in a NUL, for the driver; ptxas takes none.
    sys.stdout.buffer.write(unescape(objects[0]).rstrip(b"\0"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
