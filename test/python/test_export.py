"""Exporters: the IR verifies, and holds and computes what the model does."""

from __future__ import annotations

import numpy as np
import pytest
from llama2c import write_checkpoint

from hinm import export, models
from hinm.linalg_text import Form, FunctionWriter, float_literal, read_resources


def _gelu_block(rng: np.random.Generator) -> models.GeluBlock:
    def linear(name: str, rows: int, columns: int) -> models.Linear:
        return models.Linear(
            name,
            rng.standard_normal((rows, columns)).astype(np.float32),
            rng.standard_normal(rows).astype(np.float32),
        )

    return models.GeluBlock(
        "tiny", linear("block.up", 12, 8), linear("block.down", 8, 12)
    )


def _swiglu_block(rng: np.random.Generator) -> models.SwiGluBlock:
    def linear(name: str, rows: int, columns: int) -> models.Linear:
        return models.Linear(
            name, rng.standard_normal((rows, columns)).astype(np.float32)
        )

    return models.SwiGluBlock(
        "tiny", linear("w1", 12, 8), linear("w3", 12, 8), linear("w2", 8, 12)
    )


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("make", [_gelu_block, _swiglu_block])
def test_module_verifies_and_computes_the_block(mlir, tmp_path, form, make):
    """Upstream's own lowering of the module gives the block's numbers."""
    rng = np.random.default_rng(7)
    block = make(rng)
    shape = (5, 8) if form is Form.TWO_D else (1, 5, 8)
    x = rng.standard_normal(shape).astype(np.float32)
    text = block.to_mlir(5, form)
    mlir.verify(text)
    y = mlir.run(text, x, shape)
    np.testing.assert_allclose(y, block(x), rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("form", list(Form))
def test_relu_network_computes(mlir, form):
    rng = np.random.default_rng(3)
    layers = tuple(
        models.Linear(
            f"fc{i}",
            rng.standard_normal((rows, columns)).astype(np.float32),
            rng.standard_normal(rows).astype(np.float32),
        )
        for i, (rows, columns) in enumerate([(9, 6), (7, 9), (3, 7)])
    )
    network = models.Mlp("net", layers)
    x = rng.standard_normal((4, 6)).astype(np.float32)
    batch = x if form is Form.TWO_D else x[None]
    text = network.to_mlir(4, form)
    y = mlir.run(text, batch, (*batch.shape[:-1], 3))
    np.testing.assert_allclose(y, network(batch), rtol=2e-4, atol=2e-4)


def test_forms_differ_in_the_op_of_the_layer():
    block = _gelu_block(np.random.default_rng(0))
    assert block.to_mlir(4, Form.TWO_D).count("linalg.matmul") == 2
    assert block.to_mlir(4, Form.THREE_D).count("linalg.batch_matmul") == 2
    assert block.to_mlir(4, Form.THREE_D_COLLAPSE).count("collapse_shape") == 2


def test_resources_read_back_bit_for_bit():
    block = _gelu_block(np.random.default_rng(1))
    weights = read_resources(block.to_mlir(3))
    assert set(weights) == {
        "block.up.weight",
        "block.up.bias",
        "block.down.weight",
        "block.down.bias",
    }
    for layer in block.layers:
        assert weights[f"{layer.name}.weight"].tobytes() == layer.weight.tobytes()
        assert weights[f"{layer.name}.bias"].tobytes() == layer.bias.tobytes()


def test_resources_survive_mlir_opt(mlir):
    block = _swiglu_block(np.random.default_rng(2))
    before = block.to_mlir(3)
    after = read_resources(mlir.opt(before))
    for name, array in read_resources(before).items():
        assert after[name].tobytes() == array.tobytes()


def test_read_resources_refuses_an_elided_module():
    text = _gelu_block(np.random.default_rng(1)).to_mlir(3)
    with pytest.raises(ValueError, match="block.up.weight.*no data"):
        read_resources(text[: text.index("{-#")])


def test_read_resources_refuses_a_short_blob():
    text = (
        "%0 = arith.constant dense_resource<w> : tensor<2xf32>\n"
        '{-# dialect_resources: { builtin: {\nw: "0x0400000000000000" } } #-}'
    )
    with pytest.raises(ValueError, match="holds 4 bytes.*needs 8"):
        read_resources(text)


@pytest.mark.parametrize("value", [0.0, -1.5, 2.0**0.5, 1e-30, 3.4e38, 1 / 3])
def test_float_literal_is_exact(value):
    assert np.float32(float(float_literal(value))) == np.float32(value)


def test_float_literal_refuses_infinity():
    with pytest.raises(ValueError, match="no decimal"):
        float_literal(float("inf"))


def test_writer_refuses_shapes_that_do_not_fit():
    writer = FunctionWriter(4, 8)
    with pytest.raises(ValueError, match="fc: weight"):
        writer.linear(writer.argument, "fc", np.zeros((3, 7), np.float32))
    with pytest.raises(ValueError, match="fc: bias"):
        writer.linear(
            writer.argument, "fc", np.zeros((3, 8), np.float32), np.zeros(4, np.float32)
        )
    with pytest.raises(ValueError, match="not a resource key"):
        writer.constant("a b", np.zeros(1, np.float32))
    writer.constant("a", np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="given twice"):
        writer.constant("a", np.ones(1, np.float32))


# --- all-MiniLM-L6-v2 --------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm() -> list[models.GeluBlock]:
    pytest.importorskip("safetensors")
    try:
        return list(models.minilm_blocks())
    except models.ModelError as error:
        pytest.skip(str(error))


def test_minilm_file_holds_the_checkpoint(minilm, mlir, tmp_path):
    (path,) = export.write_blocks(minilm, tmp_path, tokens=16, layer=3)
    assert path.name == "minilm-ffn-3.mlir"
    text = path.read_text()
    mlir.verify(text)
    weights = read_resources(text)
    block = minilm[3]
    assert weights["encoder.layer.3.intermediate.dense.weight"].shape == (1536, 384)
    # Trained, not initialised: BERT's initialisation has σ = 0.02 and zero biases.
    assert np.abs(weights["encoder.layer.3.output.dense.bias"]).max() > 0.05
    for layer in block.layers:
        np.testing.assert_array_equal(weights[f"{layer.name}.weight"], layer.weight)


def test_minilm_module_computes_the_block(minilm, mlir):
    block = minilm[0]
    x = np.random.default_rng(0).standard_normal((2, 384)).astype(np.float32)
    y = mlir.run(block.to_mlir(2), x, (2, 384))
    np.testing.assert_allclose(y, block(x), rtol=1e-3, atol=1e-4)


def test_minilm_has_six_layers(minilm, tmp_path):
    assert len(minilm) == models.MINILM_LAYERS
    with pytest.raises(models.ModelError, match="layer 6 asked for, the model has 6"):
        export.write_blocks(minilm, tmp_path, tokens=16, layer=6)


def test_minilm_refuses_a_file_that_is_no_checkpoint(tmp_path, capsys):
    pytest.importorskip("safetensors")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"not a header")
    status = export.main(
        ["minilm-ffn", "--checkpoint", str(bad), "-o", str(tmp_path / "out")]
    )
    assert status == 1
    assert f"cannot read {bad}" in capsys.readouterr().err


def test_minilm_refuses_a_checkpoint_without_the_tensor(tmp_path):
    numpy_io = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "other.safetensors"
    numpy_io.save_file({"a": np.zeros(3, np.float32)}, path)
    with pytest.raises(models.ModelError, match=r"no tensor 'encoder\.layer\.0"):
        list(models.minilm_blocks(path))


# --- llama2.c ----------------------------------------------------------------------


@pytest.mark.parametrize("vocabulary", [6, -6])
def test_llama2c_layout(tmp_path, vocabulary):
    path = tmp_path / "model.bin"
    written = write_checkpoint(path, vocabulary)
    header, tensors = models.read_llama2c(path)
    assert (header.dim, header.hidden, header.layers) == (8, 12, 2)
    for part in ("w1", "w2", "w3"):
        for layer in range(2):
            np.testing.assert_array_equal(
                tensors[f"layers.{layer}.feed_forward.{part}"], written[part][layer]
            )
    np.testing.assert_array_equal(tensors["layers.1.attention.wk"], written["wk"][1])
    assert ("output" in tensors) == (vocabulary < 0)


def test_llama2c_block_is_gate_up_down(tmp_path, mlir):
    path = tmp_path / "model.bin"
    w = write_checkpoint(path)
    (file,) = export.write_blocks(
        models.llama_blocks(path), tmp_path / "out", tokens=3, layer=1
    )
    text = file.read_text()
    x = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    gate = x @ w["w1"][1].T
    expected = (gate / (1 + np.exp(-gate)) * (x @ w["w3"][1].T)) @ w["w2"][1].T
    np.testing.assert_allclose(
        mlir.run(text, x, (3, 8)), expected, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:20], "too short"),
        (lambda raw: raw[:-4], "its header says"),
        (lambda raw: b"\xff" * 28 + raw[28:], "does not start with"),
    ],
)
def test_llama2c_refuses_other_files(tmp_path, damage, message):
    path = tmp_path / "model.bin"
    write_checkpoint(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(models.ModelError, match=message):
        models.read_llama2c(path)


def test_llama2c_missing_file_is_an_error_message(tmp_path, capsys):
    status = export.main(
        [
            "stories260k-ffn",
            "--checkpoint",
            str(tmp_path / "no.bin"),
            "-o",
            str(tmp_path),
        ]
    )
    assert status == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad", [["--layer", "-1"], ["--tokens", "0"], ["--form", "4d"]]
)
def test_command_line_refuses(tmp_path, bad, capsys):
    with pytest.raises(SystemExit) as exit_info:
        export.main(["minilm-ffn", "-o", str(tmp_path), *bad])
    assert exit_info.value.code == 2
    assert bad[0].strip("-") in capsys.readouterr().err
