"""Moves the 16-byte loads of streamed weights, from stdin to stdout.

Usage: move_loads.py BYTES
"""

import re
import sys

LOAD = re.compile(r"(\s*)(%\S+ = llvm.inline_asm .*ld\.global.*v4.*)(%\w+), (%\w+)( : .*)")
count = 0
for line in sys.stdin:
    if found := LOAD.fullmatch(line.rstrip("\n")):
        space, load, address, policy, types = found.groups()
        moved = f"%moved{count}"
        count += 1
        print(f"{space}{moved} = llvm.getelementptr {address}[{sys.argv[1]}] : "
              "(!llvm.ptr<1>) -> !llvm.ptr<1>, i8")
        line = f"{space}{load}{moved}, {policy}{types}\n"
    sys.stdout.write(line)
if not count:
    sys.exit("no load of streamed weights found")
