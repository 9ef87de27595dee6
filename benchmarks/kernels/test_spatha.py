"""Spatha as a peer: what its weight stands for, and what it is asked to do."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from cases import Case
from spatha import Spatha, expand

#: Lanes of a warp.
LANES = 32


def _drawn(rows, columns, group, tile):
    """Arrays as Spatha's generator draws them: values, metadata, indices."""
    draw = np.random.default_rng(0)
    kept = 2 * columns // group
    values = draw.integers(-4, 5, rows * kept).astype(np.float16)
    pairs = np.array([0b0100, 0b1000, 0b1100, 0b1001, 0b1101, 0b1110], np.uint32)
    nibbles = draw.choice(pairs, (rows * kept // 16, 8))
    metadata = (nibbles << (4 * np.arange(8, dtype=np.uint32))).sum(1, dtype=np.uint32)
    choices = draw.random((rows // tile * kept // 2, group)).argsort(1)[:, :4]
    return values, metadata, np.sort(choices, 1).astype(np.uint32).ravel()


def _step(values, metadata, strip, step, kept):
    """Two 16 × 32 operands of a step of two strips, by the registers of the lanes.

    As mma.sp.m16n8k32 has them: a lane has rows lane / 4 and eight further, and lanes
    0 and 1 of four have the metadata.
    """
    operands = np.zeros((2, 16, 32))
    halves = np.zeros((2, LANES, 8))
    words = np.zeros((2, LANES), np.uint32)
    for lane in range(LANES):
        at = (strip + lane // 16) * 16 * kept + 256 * step + lane % 16 * 8
        loaded = np.concatenate([values[at : at + 8], values[at + 128 :][:8]])
        base = strip * 16 * kept // 16 + 32 * step + lane // 4 * 2 + lane % 2 * 16
        for product in range(2):
            # Registers 0, 1, 4 and 5, or the others.
            first = 4 * product
            halves[product, lane] = [*loaded[first:][:4], *loaded[8 + first :][:4]]
            words[product, lane] = metadata[base + product]
    for product in range(2):
        for lane in range(LANES):
            g, q = lane // 4, lane % 4
            for place, value in enumerate(halves[product, lane]):
                row = g + 8 * (place // 2 % 2)
                weight = 2 * q + place % 2 + 8 * (place // 4)
                number = weight // 2
                word = int(words[product, 4 * g + number // 4])
                nibble = word >> (16 * (row // 8) + 4 * (number % 4)) & 15
                column = 4 * number + (nibble >> 2 * (weight % 2) & 3)
                operands[product, row, column] += value
    return operands


def _row_of(product, row):
    """Where the epilogue stores a row of a product among 32."""
    return 4 * (row % 8) + 2 * product + row // 8


@pytest.mark.parametrize(("tile", "group"), [(32, 4), (64, 8), (32, 16)])
def test_weights_are_what_the_kernel_multiplies(tile, group):
    rows, columns = 128, 16 * group
    kept = 2 * columns // group
    values, metadata, indices = _drawn(rows, columns, group, tile)
    expected = np.zeros((rows, columns))
    for pair in range(rows // 32):
        listed = indices[32 * pair // tile * 2 * kept :][: 2 * kept]
        for step in range(kept // 16):
            operands = _step(values, metadata, 2 * pair, step, kept)
            for place in range(32):
                column = (8 * step + place // 4) * group + listed[32 * step + place]
                for product in range(2):
                    for row in range(16):
                        at = 32 * pair + _row_of(product, row)
                        expected[at, column] += operands[product, row, place]
    dense = expand(values, metadata, indices, columns, group, tile)
    assert dense.dtype == np.int8
    assert np.array_equal(dense, expected)
    assert np.count_nonzero(dense) == np.count_nonzero(values)


#: The functions of peers/spatha.cu on the host, for weights of zeros and a first one.
PEER = """
static unsigned short values[64 * 16 * 2];
static unsigned metadata[64 * 2];
static unsigned indices[64];
static int made, launched[4];
int spatha_made(void) { return made; }
const int *spatha_launched(void) { return launched; }
int spatha_configs(int tile) { return tile == 64 ? 2 : 0; }
int spatha_tokens(void) { return 64; }
void *spatha_create(int rows, int columns, int group, int tile) {
  ++made;
  values[0] = 0x4200;
  metadata[0] = 0xe;
  indices[2] = 5;
  return tile == 64 ? (void *)values : 0;
}
void spatha_destroy(void *weight) { --made; }
const void *spatha_values(const void *weight) { return values; }
const void *spatha_metadata(const void *weight) { return metadata; }
const void *spatha_indices(const void *weight) { return indices; }
int spatha_launch(void *weight, int config, int tokens, void *x, void *y,
                  void *stream) {
  launched[0] = config;
  launched[1] = tokens;
  return config == 1;
}
"""


@pytest.fixture
def library(tmp_path):
    source, path = tmp_path / "peer.c", tmp_path / "libpeer.so"
    source.write_text(PEER)
    compiler = shutil.which("cc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", path], check=True)
    return path


def test_the_library_gets_whole_blocks_of_tokens(library):
    peer = Spatha(library)
    case = Case("a", 64, 128, 1, 0.75, 64)
    assert [peer.padded(tokens) for tokens in (1, 64, 65)] == [64, 64, 128]
    with pytest.raises(ValueError, match="8 tokens are no whole blocks"):
        peer.launches(case, 8, 0, 0, 0)
    launches = peer.launches(case, 64, 0, 0, 0)
    assert list(launches) == ["spatha-0", "spatha-1"]
    launches["spatha-1"]()
    functions = ctypes.CDLL(str(library))
    functions.spatha_launched.restype = ctypes.POINTER(ctypes.c_int)
    assert functions.spatha_launched()[:2] == [1, 64]
    with pytest.raises(RuntimeError, match="kernel 0 was not launched"):
        launches["spatha-0"]()
    # One weight at a time, and what it stands for.
    dense = peer.dense(case)
    assert dense.shape == (64, 128)
    assert (dense[0, 5], np.count_nonzero(dense)) == (3, 1)
    assert peer.dense(case) is dense
    assert functions.spatha_made() == 1
    with pytest.raises(ValueError, match="no kernel for such rows"):
        peer.dense(Case("a", 64, 128, 1, 0.75, 128))
    assert functions.spatha_made() == 1
