"""The numpy MiniLM is the published model: its embeddings are the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from hinm import export
from hinm.linalg_text import Form
from hinm.minilm import MiniLm, WordPiece
from hinm.models import MINILM_LAYERS, ModelError, minilm_blocks


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    pytest.importorskip("safetensors")
    try:
        return MiniLm()
    except ModelError as error:
        pytest.skip(str(error))


SENTENCES = [
    "The weather is lovely today.",
    "It's so sunny outside!",
    "He drove to the stadium.",
]


def test_similarities_are_the_published_ones(minilm):
    """The numbers of the Sentence Transformers documentation for this model."""
    embeddings = minilm.encode(SENTENCES)
    published = [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    np.testing.assert_allclose(embeddings @ embeddings.T, published, atol=6e-5)


def test_replaced_blocks_are_used(minilm):
    blocks = dict(enumerate(minilm_blocks()))
    same = minilm.encode(SENTENCES[:1], blocks)
    np.testing.assert_allclose(same, minilm.encode(SENTENCES[:1]), atol=1e-12)
    without = minilm.encode(SENTENCES[:1], {3: np.zeros_like})
    assert (same @ without.T).item() < 0.999


def test_exported_inputs_are_what_the_blocks_see(minilm, tmp_path):
    """Layer 2's inputs follow from layer 1's by the model itself."""
    arguments = ["minilm-ffn", "--inputs", "--tokens", "40", "--layer", "2"]
    assert export.main([*arguments, "--form", "3d", "-o", str(tmp_path)]) == 0
    x = np.load(tmp_path / "minilm-ffn-2.inputs.npy")
    assert x.shape == (1, 40, 384)
    assert x.dtype == np.float32
    everything = export.model_card_inputs(None, 40)
    assert len(everything) == MINILM_LAYERS
    np.testing.assert_array_equal(x[0], everything[2])
    assert not np.array_equal(everything[1], everything[2])
    # The output of a LayerNorm with trained gains: outlier channels, as in use.
    assert np.abs(x).max() > 10 * x.std()


def test_too_many_tokens_are_refused(minilm):
    with pytest.raises(ModelError, match="the texts have 3 tokens, 4 asked for"):
        minilm.block_inputs(["one"], 4)


def test_word_pieces(tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    pieces = ["[CLS]", "[SEP]", "[UNK]", "un", "##aff", "##able", "cafe", "!", "$"]
    vocabulary.write_text("\n".join(pieces))
    tokenize = WordPiece(vocabulary)
    assert tokenize("Unaffable!") == [0, 3, 4, 5, 7, 1]
    assert tokenize("Café $ xyz") == [0, 6, 8, 2, 1]
    assert tokenize("un " * 10, limit=5) == [0, 3, 3, 3, 1]
    vocabulary.write_text("un")
    with pytest.raises(ModelError, match=r"no piece '\[CLS\]'"):
        WordPiece(vocabulary)


def test_write_inputs_keeps_the_2d_shape(tmp_path):
    array = np.ones((2, 3), np.float32)
    module = tmp_path / "m.mlir"
    (path,) = export.write_inputs([array], [module], Form.TWO_D, None)
    assert path.name == "m.inputs.npy"
    assert np.load(path).shape == (2, 3)
