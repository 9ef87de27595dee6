"""Leaves an operation out of a lowered kernel, from stdin to stdout.

Usage: break_kernel.py OPERATION [N]

Removes the lines of an operation: all of them, or the N-th alone, from 1. Where it has
a result, which then is a condition, that becomes true.
"""

import re
import sys

operation, which = sys.argv[1], [int(n) for n in sys.argv[2:]]
lines, count = [], 0
for line in sys.stdin:
    if re.search(rf"(^|\s){re.escape(operation)}\b(?!\.)", line):
        count += 1
        if not which or count in which:
            name = re.match(r"\s*(%\S+) = ", line)
            line = f"{name[1]} = llvm.mlir.constant(true) : i1\n" if name else ""
    lines.append(line)
if count < max(which, default=1):
    sys.exit(f"found {count} of '{operation}'")
sys.stdout.write("".join(lines))
