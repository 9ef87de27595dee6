"""Writes statistics for the layers `up` and `down` of two_layers.py.

    python make_statistics.py MODULE FOLDER

magnitude.safetensors holds |w|; inverse.safetensors 10 − |w|, which prefers the
smallest weights; ones.safetensors a norm of 1 for each input channel; wrong.safetensors
a norm too many, negative.safetensors a negative one, ints.safetensors integers,
strangers.safetensors layers that the module does not have.
"""

import json
import re
import struct
import sys
from pathlib import Path

module, folder = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)


def read(name: str) -> list[float]:
    text = re.search(rf"\b{name}: \"0x04000000(\w+)\"", module).group(1)
    return [value for (value,) in struct.iter_unpack("<f", bytes.fromhex(text))]


def shape(name: str) -> list[int]:
    rows, cols = re.search(rf"dense_resource<{name}> : tensor<(\d+)x(\d+)xf32>", module).groups()
    return [int(rows), int(cols)]


def write(name: str, tensors: dict[str, tuple[list[int], list[float]]], dtype: str = "F32") -> None:
    header, data = {}, b""
    for key, (size, values) in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}{'f' if dtype == 'F32' else 'i'}", *values)
        header[key] = {"dtype": dtype, "shape": size, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


layers = {"up": "w1", "down": "w2"}
columns = {layer: shape(w)[1] for layer, w in layers.items()}
write("magnitude", {k: (shape(w), [abs(v) for v in read(w)]) for k, w in layers.items()})
write("inverse", {k: (shape(w), [10.0 - abs(v) for v in read(w)]) for k, w in layers.items()})
write("ones", {k: ([n], [1.0] * n) for k, n in columns.items()})
write("wrong", {k: ([n + 1], [1.0] * (n + 1)) for k, n in columns.items()})
write("negative", {k: ([n], [1.0] * (n - 1) + [-1.0]) for k, n in columns.items()})
write("ints", {k: ([n], [1] * n) for k, n in columns.items()}, dtype="I32")
write("strangers", {"left": ([2], [1.0, 1.0])})
write("partial", {"down": ([columns["down"]], [1.0] * columns["down"])})
