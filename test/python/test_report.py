"""Reports: read strictly, rendered faithfully, and judged."""

from __future__ import annotations

import json

import pytest
from llama2c import write_checkpoint

from hinm import report, tables


def _layer(**changes):
    return {
        "name": "encoder.layer.0.output.dense",
        "rows": 384,
        "columns": 1536,
        "tile": 32,
        "sparsity": 0.75,
        "retained": 0.61,
        "retained_no_permutation": 0.57,
        "retained_unstructured": 0.66,
        "kernel": "mma.sp",
        "status": "packed",
        "reason": "",
        "row_index": False,
    } | changes


def _run(**changes):
    return {
        "layers": [_layer()],
        "runtime_permutes": 0,
        "error_vs_masked": 4e-4,
        "error_vs_dense": 0.5,
        "bound": 2e-3,
        "time_ms": 12.0,
        "device": "emulator",
    } | changes


def test_reads_what_the_tool_prints_and_ignores_new_fields():
    read = report.RunReport.from_json(_run(new_field=1))
    assert read.layers[0].columns == 1536
    assert read.violations() == []


def test_a_missing_field_is_named():
    layer = _layer()
    del layer["retained"]
    with pytest.raises(report.ReportError, match="layer 1 lacks retained"):
        report.RunReport.from_json(_run(layers=[_layer(), layer]))
    with pytest.raises(report.ReportError, match="report is no object"):
        report.RunReport.from_json([])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"error_vs_masked": 3e-3}, "error 3.00e-03 exceeds the bound 2.00e-03"),
        ({"error_vs_masked": float("nan")}, "error nan exceeds"),
        ({"runtime_permutes": 2}, "2 permutations left at run time"),
        ({"layers": [_layer(retained=0.57)]}, "the permutation gains nothing"),
    ],
)
def test_violations(changes, message):
    (violation,) = report.RunReport.from_json(_run(**changes)).violations()
    assert message in violation


def test_a_skipped_layer_gains_nothing_without_complaint():
    layer = _layer(status="skipped", reason="10 rows", retained=1.0, tile=0)
    layer |= {"retained_no_permutation": 1.0, "kernel": ""}
    read = report.RunReport.from_json(_run(layers=[layer]))
    assert read.violations() == []
    assert report.layer_table(read).splitlines()[2].endswith("| 10 rows |")


def test_tables_put_each_number_under_its_heading():
    run32 = report.RunReport.from_json(_run())
    run64 = report.RunReport.from_json(
        _run(layers=[_layer(tile=64, retained=0.6)], error_vs_masked=5e-4)
    )
    runs = {"minilm-ffn-0": {64: run64, 32: run32}}
    head, rule, row = report.saliency_table(runs).splitlines()
    cells = dict(
        zip(
            [cell.strip() for cell in head.split("|")[1:-1]],
            [cell.strip() for cell in row.split("|")[1:-1]],
            strict=True,
        )
    )
    assert cells == {
        "layer": "`encoder.layer.0.output.dense`",
        "R×C": "384×1536",
        "V=32 searched": "0.6100",
        "V=32 without": "0.5700",
        "V=64 searched": "0.6000",
        "V=64 without": "0.5700",
        "unstructured": "0.6600",
    }
    assert rule.count("|") == head.count("|")
    assert report.error_table(runs).splitlines()[2] == (
        "| minilm-ffn-0 | 4.0e-04 | 0 | 5.0e-04 | 0 |"
    )


def test_tables_need_the_same_tiles_everywhere():
    read = report.RunReport.from_json(_run())
    with pytest.raises(ValueError, match="different tile heights"):
        report.saliency_table({"a": {32: read}, "b": {64: read}})


def test_markdown_refuses_ragged_rows():
    with pytest.raises(ValueError, match="1 cells under 2"):
        report.markdown(["a", "b"], [["1"]])


@pytest.mark.parametrize(("error", "status"), [(4e-4, 0), (9e-3, 1)])
def test_tables_command_judges_the_runs(tmp_path, monkeypatch, capsys, error, status):
    """A stand-in for hinm-run: what is under test is the command around it."""
    tool = tmp_path / "hinm-run"
    text = json.dumps(_run(error_vs_masked=error))
    tool.write_text(f"#!/bin/sh\ntest -f \"$1\" || exit 2\ncat <<'E'\n{text}\nE\n")
    tool.chmod(0o755)
    monkeypatch.setenv("HINM_BIN_DIR", str(tmp_path))
    checkpoint = tmp_path / "model.bin"
    write_checkpoint(checkpoint)
    arguments = ["stories260k", "--checkpoint", str(checkpoint), "--tokens", "4"]
    assert tables.main(arguments) == status
    captured = capsys.readouterr()
    assert captured.out.count("`encoder.layer.0.output.dense`") == 2
    assert ("exceeds the bound" in captured.err) == (status == 1)


def test_tables_command_without_the_tool(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HINM_BIN_DIR", str(tmp_path))
    checkpoint = tmp_path / "model.bin"
    write_checkpoint(checkpoint)
    assert tables.main(["stories260k", "--checkpoint", str(checkpoint)]) == 1
    assert "hinm-run not found" in capsys.readouterr().err
