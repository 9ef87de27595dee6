"""Writes the safetensors files of the tests: a good one and broken ones."""

import json
import struct
import sys
from pathlib import Path


def write(path: Path, header: bytes, data: bytes, length: int | None = None) -> None:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
weight = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
half = struct.pack("<4e", 0.5, 0.25, 2, 4)
bias = struct.pack("<3f", 7, 8, 9)
good = {
    "__metadata__": {"format": "pt"},
    "fc.weight": entry("F32", [3, 2], 0, 24),
    "half": entry("F16", [2, 2], 24, 32),
    "fc.bias": entry("F32", [3], 32, 44),
}
write(out / "good.safetensors", json.dumps(good).encode(), weight + half + bias)

broken = {
    "outside": {"a": entry("F32", [2], 0, 8)},
    "negative": {"a": entry("F32", [2], -8, 0)},
    "wrong-size": {"a": entry("F32", [3], 0, 4)},
    "overflow": {"a": entry("F32", [1 << 40, 1 << 40], 0, 4)},
    "negative-shape": {"a": entry("F32", [-1], 0, 4)},
    "no-dtype": {"a": {"shape": [1], "data_offsets": [0, 4]}},
    "no-shape": {"a": {"dtype": "F32", "data_offsets": [0, 4]}},
    "no-offsets": {"a": {"dtype": "F32", "shape": [1]}},
    "not-an-entry": {"a": 3},
}
for name, header in broken.items():
    write(out / f"{name}.safetensors", json.dumps(header).encode(), b"\0" * 4)
write(out / "not-json.safetensors", b"{]", b"")
write(out / "not-object.safetensors", b"[]", b"")
write(out / "deep.safetensors", b"[" * 1_000_000, b"")
write(out / "not-utf8.safetensors", b'{"\xff\xfe": 1}', b"")
write(out / "long-header.safetensors", b"{}", b"", length=1 << 63)
(out / "short.safetensors").write_bytes(b"abc")
(out / "empty.safetensors").write_bytes(b"")
