"""Exchanges the two metadata selectors of a kernel's mma.sp, from stdin to stdout."""

import re
import sys

text = sys.stdin.read()
names = sorted(set(re.findall(r"selector\[(%\w+)\]", text)))
if len(names) != 2:
    sys.exit(f"expected two selectors, found {names}")
other = dict(zip(names, reversed(names)))
sys.stdout.write(
    re.sub(r"selector\[(%\w+)\]", lambda m: f"selector[{other[m[1]]}]", text)
)
