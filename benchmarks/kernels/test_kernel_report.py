"""The report: files of results, goals, tables."""

import sys

import pytest

import kernel_report
from cases import LAST, SHAPES, Case, all_cases
from goals import COMPILE, GOALS, by_turns, goal_table, is_needed
from kernel_report import Result
from measured import MeasuredFile, Mismatch

RESULTS = """# date: 2026-11-21T12:00+00:00
# gpu: made up
# roof: a chip; hbm measured (stream_bulk_8192_s8), l2 of the data sheet
case,rows,columns,tokens,sparsity,tile,dtype,window,contender,kernel,median_us,floor_us,bound
a,64,64,1024,0.75,64,f16,0,hinm,slow,20,5,l2
a,64,64,1024,0.75,64,f16,0,hinm,fast,10,5,l2
a,64,64,1024,0.75,64,f16,0,hinm_rows,faster,9,5,l2
a,64,64,1024,0.75,64,f16,0,cublas,,25,5,l2
a,64,64,2048,0.75,64,f16,0,hinm,fast,40,10,l2
a,64,64,2048,0.75,64,i8,128,hinm,fast,40,10,hbm
"""


def test_results_are_tables(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(RESULTS)
    about, results = kernel_report.read_results(path)
    assert about["gpu"] == "made up"
    assert results[0].kernel == "fast"
    assert results[0].speedup() == 2.5
    assert results[0].speedup("cusparselt") is None
    text = kernel_report.heading(["results.csv"], about)
    assert "on one machine: date 2026-11-21T12:00+00:00, gpu made up.\n" in text
    assert "a chip; hbm measured (stream_bulk_8192_s8), l2 of the data sheet." in text
    lines = kernel_report.summary(results)
    none = " | –" * 4
    assert lines[2] == f"| f16 | – | 75.00% | 64 | 1024 | 2.50{none} | 0.50 | l2 |"
    assert lines[3] == f"| f16 | – | 75.00% | 64 | 2048 | –{none} | 0.25 | l2 |"
    assert lines[4] == f"| i8 | 128 | 75.00% | 64 | 2048 | –{none} | 0.25 | hbm |"


def test_a_page_is_written_of_several_files(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "f16.csv", tmp_path / "i8.csv"
    first.write_text(RESULTS)
    second.write_text(RESULTS.replace("f16", "i8").replace("11-21", "11-22"))
    folder = tmp_path / "page"
    monkeypatch.setattr(
        "sys.argv", ["kernel_report", str(folder), str(first), str(second)]
    )
    assert kernel_report.main() == 0
    text = (folder / "README.md").read_text()
    assert "from [f16.csv](f16.csv), [i8.csv](i8.csv), which" in text
    assert "date 2026-11-21T12:00+00:00 … 2026-11-22T12:00+00:00, gpu" in text
    for name in ("speedup-f16.svg", "roof-f16.svg", "speedup-i8.svg", "roof-i8.svg"):
        assert f"]({name})" in text
        assert (folder / name).read_text().count("<svg") == 1
    assert (folder / "i8.csv").read_text() == second.read_text()
    assert "| f16 | – | 75.00% | 64 | 1024 | 2.50 |" in text


def test_without_matplotlib_there_are_tables(tmp_path, monkeypatch, capfd):
    path, folder = tmp_path / "f16.csv", tmp_path / "page"
    path.write_text(RESULTS)
    monkeypatch.setattr("sys.argv", ["kernel_report", str(folder), str(path)])
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert kernel_report.main() == 0
    assert "plots are left out (" in (said := capfd.readouterr().err)
    assert "pip install matplotlib" in said
    text = (folder / "README.md").read_text()
    assert "| f16 | – | 75.00% | 64 | 1024 | 2.50 |" in text
    assert ".svg" not in text


@pytest.mark.parametrize(
    ("key", "mine", "other"),
    [("gpu", "made up", "real"), ("commit", None, "b"),
     ("roof", "a chip; hbm measured (stream_bulk_8192_s8), l2 of the data sheet", "s")],
)  # fmt: skip
def test_files_of_several_machines_are_refused(
    key, mine, other, tmp_path, monkeypatch, capfd
):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(RESULTS)
    lines = RESULTS.splitlines()
    kept = [line for line in lines if not line.startswith(f"# {key}: ")]
    second.write_text("\n".join([f"# {key}: {other}", *kept]) + "\n")
    folder = tmp_path / "page"
    monkeypatch.setattr(
        "sys.argv", ["kernel_report", str(folder), str(first), str(second)]
    )
    assert kernel_report.main() == 1
    said = capfd.readouterr().err
    assert f"{first} was measured with {key} {mine}, {second} with {other}:" in said
    assert not folder.exists()


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no result"):
        kernel_report.read_results(path)


def _result(times, floor=1.0, sparsity=0.75, tile=128, tokens=4096, **more):
    case = Case("a", 4096, 4096, tokens, sparsity, tile, **more)
    return Result(case, times, "k", floor, "l2")


def _line(results, text, **more):
    (line,) = [
        line for line in goal_table(results, **more) if line.startswith(f"| {text}")
    ]
    return line.split(" | ")[1:]


def test_goals_say_what_is_reached():
    large = [
        _result({"hinm": 10, "cublas": 20}),
        _result({"hinm": 10, "cublas": 45}, tokens=8192),
        # Neither of these is a case of the goal.
        _result({"hinm": 10, "cublas": 1}, tokens=1024),
        _result({"hinm": 10, "cublas": 1}, dtype="bf16"),
        _result({"hinm": 10, "cublas": 1}, tile=32),
    ]
    text = "75 %, V = 128, N = 2048"
    assert _line(large, text) == [
        "2", "2.8", "3.00", "2.00", "4.50", "2", "aim reached |"
    ]  # fmt: skip
    assert _line(large[:1], text)[-1] == "reached |"
    slow = [_result({"hinm": 10, "cublas": 19.9})]
    assert _line(slow, text)[-1] == "not reached |"
    assert _line([], text) == ["2", "2.8", "–", "–", "–", "0", "not measured |"]
    # Without the peer there is no ratio.
    assert _line([_result({"hinm": 10})], text)[-1] == "not measured |"


def test_the_best_counts_of_what_a_user_may_choose():
    plain = _result({"hinm": 10, "cublas": 10}, tile=64)
    window = _result({"hinm": 5, "cublas": 10}, tile=64, window=128)
    assert _line([plain, window], "75 %, V = 64")[2:6] == ["2.00", "2.00", "2.00", "1"]
    dense = [
        _result({"hinm": time, "cusparselt": 10}, sparsity=0.5, tile=tile)
        for time, tile in ((20, 32), (8, 128))
    ]
    assert _line(dense, "50 % (plain 2:4)")[2:] == [
        "1.25", "1.25", "1.25", "1", "aim reached |"
    ]  # fmt: skip


def test_costs_are_reached_from_above():
    def cost(rows):
        return _result({"hinm_rows": rows, "hinm_identity": 100, "hinm": 90})

    assert _line([cost(100)], "arbitrary orders")[-1] == "aim reached |"
    assert _line([cost(102)], "arbitrary orders")[-1] == "reached |"
    assert _line([cost(104)], "arbitrary orders")[-1] == "not reached |"
    assert _line([], "compile", compile_seconds=[0.2, 0.4])[2:] == [
        "0.28", "0.20", "0.40", "2", "reached |"
    ]  # fmt: skip


def test_nothing_measured_is_said_of_every_goal(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["kernel_report", str(tmp_path)])
    assert kernel_report.main() == 0
    text = (tmp_path / "README.md").read_text()
    assert text.count("| not measured |") == len(GOALS) + 1
    (tmp_path / "compile-time.csv").write_text("# cpu: a\ntotal_ms\n100\n200\n")
    assert kernel_report.main() == 0
    text = (tmp_path / "README.md").read_text()
    assert text.count("| not measured |") == len(GOALS)
    reached = "≤ 2 | 0.3 | 0.14 | 0.10 | 0.20 | 2 | aim reached |"
    assert f"| {COMPILE.text} | {reached}" in text


def test_cases_of_goals_are_needed():
    case = Case("a", 4096, 4096, 4096, 0.75, 128)
    assert is_needed(case)
    assert is_needed(Case("a", 4096, 4096, 1, 0.875, 32))
    assert not is_needed(Case("a", 4096, 4096, 256, 0.9375, 128))
    assert not is_needed(Case("a", 4096, 4096, 4096, 0.75, 128, "bf16"))


def test_goals_get_their_cases_by_turns():
    cases = list(all_cases())
    order = by_turns(cases)
    assert sorted(order, key=str) == sorted(cases, key=str)
    assert by_turns(reversed(cases)) == order
    # After so many rounds every goal has so many cases.
    for rounds in (1, 2, 5, 20):
        begun = order[: rounds * len(GOALS)]
        for goal in GOALS:
            of_goal = [c for c in cases if goal.concerns(c) and c.name not in LAST]
            wanted = min(rounds, len(of_goal))
            assert sum(map(goal.concerns, begun)) >= wanted, (goal.text, rounds)
    needed = [is_needed(case) for case in order]
    assert needed == sorted(needed, reverse=True)
    # Small and large ones, of all shapes, rather than one weight after the other.
    sizes = sorted(case.rows * case.columns * case.tokens for case in cases)
    begun = order[: 4 * len(GOALS)]
    for part in range(4):
        low, high = (sizes[(len(sizes) - 1) * end // 4] for end in (part, part + 1))
        assert any(
            low <= case.rows * case.columns * case.tokens <= high for case in begun
        )
    assert {case.name for case in order[: needed.index(False) // 2]} == {
        name for name in SHAPES if name not in LAST
    }
    assert {case.name for case in order[-len(LAST) * len(cases) // len(SHAPES) :]} == (
        set(LAST)
    )
    assert len({case.tokens for case in begun}) > 4


def test_shapes_are_those_of_the_networks():
    for stage in range(2, 6):
        width = 64 << stage - 2
        name = f"resnet50-conv{stage}"
        assert SHAPES[name] == (width, 9 * width)
        assert SHAPES[f"{name}-reduce"] == (width, 4 * width)
        assert SHAPES[f"{name}-expand"] == (4 * width, width)
    assert len(set(SHAPES.values())) == len(SHAPES)
    # They do not make what the goals wait for longer, and count for them.
    assert LAST
    case = Case(LAST[0], *SHAPES[LAST[0]], 4096, 0.75, 128)
    assert not is_needed(case)
    assert is_needed(Case("resnet50-conv3", *SHAPES["resnet50-conv3"], 4096, 0.75, 128))
    assert GOALS[0].concerns(case)


def test_cases_without_goals_are_spread():
    cases = list(all_cases(dtypes=("i8",)))
    order = by_turns(cases)
    assert sorted(order, key=str) == sorted(cases, key=str)
    begun = order[:31]
    assert len({case.name for case in begun}) > 5
    assert len({case.tokens for case in begun}) == 8


def test_files_are_gone_on_with(tmp_path):
    path = tmp_path / "a.csv"
    about = {"gpu": "a", "driver": "1", "torch": "2", "commit": "c", "date": "today"}
    with MeasuredFile(path, ["a", "b"], about, resume=True) as file:
        assert file.keys(1) == set()
        file.write([["x, y", 1]])
    with MeasuredFile(
        path, ["a", "b"], about | {"date": "tomorrow"}, resume=True
    ) as file:
        assert file.keys(2) == {("x, y", "1")}
        file.write([["z", 2]])
    assert path.read_text().splitlines()[4:] == [
        "# date: today", "a,b", '"x, y",1', "z,2"
    ]  # fmt: skip
    with pytest.raises(Mismatch, match="driver 1, this is 2"):
        MeasuredFile(path, ["a", "b"], about | {"driver": "2"}, resume=True)
    # Shares of two roofs do not go under one head.
    with pytest.raises(Mismatch, match="roof None, this is measured"):
        MeasuredFile(path, ["a", "b"], about | {"roof": "measured"}, resume=True)
    with pytest.raises(Mismatch, match="other columns"):
        MeasuredFile(path, ["a"], about, resume=True)
    with MeasuredFile(path, ["a"], about, resume=False) as file:
        assert file.keys(1) == set()
    assert "z,2" not in path.read_text()
    with MeasuredFile(None, ["a"], about, resume=True) as file:
        file.write([["nowhere"]])
