"""All steps of a measurement, in several calls."""

import json
from dataclasses import replace

import pytest

import measure_kernels
import profile_kernels
from cases import ELEMENTS
from driver import KernelInfo, read_manifest
from measure_kernels import Step
from measured import CASES_LEFT

SCHEDULE = {"tile_m": 32, "tile_n": 16, "tile_k": 64, "stages": 3, "warps_m": 2,
            "warps_n": 1}  # fmt: skip


@pytest.fixture
def bundle(tmp_path):
    kernels = [
        KernelInfo(
            dtype, "k.cubin", "sm_90a", dtype, ELEMENTS[dtype].output, 32, False,
            SCHEDULE, 64, 0, 99,
        )
        for dtype in ("f16", "i8")
    ]  # fmt: skip
    kernels.append(replace(kernels[0], name="slab", window=128, window_blocks=1))
    manifest = {
        "commit": "abc", "micro": {"mma_sp": "m.cubin"},
        "kernels": [vars(kernel) for kernel in kernels],
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "k.cubin").write_bytes(b"\x7fELF")
    return tmp_path


def _call(monkeypatch, bundle, *words):
    monkeypatch.setattr(
        "sys.argv", ["measure_kernels", str(bundle), str(bundle / "results"), *words]
    )
    return measure_kernels.main()


def test_steps_are_of_all_types_and_tools(bundle, monkeypatch, tmp_path):
    monkeypatch.setattr(measure_kernels, "find_sanitizer", lambda: "sanitizer")
    monkeypatch.setattr(measure_kernels, "find_ncu", lambda: "ncu")
    made = list(measure_kernels.steps(bundle, tmp_path, tmp_path / "s.so", None))
    names = [step.name for step in made]
    assert len(set(names)) == len(names)
    assert names[:3] == ["check-classes", "micro", "goals-f16"]
    assert {"memcheck", "racecheck", "synccheck", "counters-v128-n16",
            "stages-v64-n4096", "check-v32"} <= set(names)  # fmt: skip
    by_name = {step.name: step for step in made}
    for name in ("goals-f16", "bench-f16"):
        words = by_name[name].words
        assert words[words.index("--spatha") + 1] == str(tmp_path / "s.so")
        assert words[words.index("--out") + 1] == str(tmp_path / "results-f16.csv")
        assert ("--goals" in words) == (name == "goals-f16")
    resumed = [step.name for step in made if step.resumes]
    assert resumed == ["goals-f16", "goals-f16-w128", "bench-i8", "bench-f16"]
    assert by_name["goals-f16-w128"].words[-4:] == ("--window", "128", "--tiles", "32")
    # What is not there is not asked for.
    monkeypatch.setattr(measure_kernels, "find_sanitizer", lambda: None)
    found = {step.name for step in measure_kernels.steps(bundle, tmp_path, None, None)}
    assert "memcheck" not in found


@pytest.mark.parametrize("what", ["stages", "counters"])
def test_slab_kernels_are_profiled_on_lists_by_windows(
    bundle, monkeypatch, tmp_path, what
):
    monkeypatch.setattr(measure_kernels, "find_ncu", lambda: "ncu")
    manifest = json.loads((bundle / "manifest.json").read_text())
    slab = KernelInfo(**manifest["kernels"].pop())
    wide = replace(slab, name="wide", tile=64, window=256)
    plain = KernelInfo(**manifest["kernels"][0])
    # Of the last one there are no variants, and the plain one is profiled elsewhere.
    more = [
        replace(plain, without="stores"),
        slab, replace(slab, without="gather"), wide, replace(wide, without="reads"),
        replace(slab, name="large", window=512),
    ]  # fmt: skip
    manifest["kernels"] += [vars(kernel) for kernel in more]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    made = {step.name: step for step in measure_kernels.steps(bundle, tmp_path, None,
                                                              None)}  # fmt: skip
    names = [name for name in made if name.startswith(what) and "-w" in name]
    assert names == [f"{what}-v32-w128-k1-n4096", f"{what}-v64-w256-k1-n4096"]
    for name, kernel, stage in zip(names, ("slab", "wide"), ("gather", "reads"),
                                   strict=True):  # fmt: skip
        script, *words = made[name].words
        assert script == "profile_kernels.py"
        arguments = profile_kernels.parse(words)
        assert arguments.out == tmp_path / f"{name}.csv"
        case = profile_kernels.case_of(arguments)
        ((info, lacking),) = profile_kernels.chosen(
            read_manifest(bundle), case, arguments.kernels
        )
        assert (info.name, list(lacking)) == (kernel, [stage])


def test_calls_go_on_where_the_last_one_stopped(bundle, monkeypatch, capfd):
    made = [Step("a", ("a.py",)), Step("b", ("b.py",), resumes=True), Step("c", ())]
    monkeypatch.setattr(measure_kernels, "steps", lambda *_: iter(made))
    statuses = {"a": [0], "b": [CASES_LEFT, 0], "c": [None, 1, 0]}
    called = []

    def run(step, _results, seconds):
        assert 0 < seconds <= 540
        called.append(step.name)
        return statuses[step.name].pop(0)

    monkeypatch.setattr(measure_kernels, "run_step", run)
    assert _call(monkeypatch, bundle) == CASES_LEFT
    assert "2 steps are left" in capfd.readouterr().out
    assert _call(monkeypatch, bundle) == 1
    assert "c: failed, see its log" in capfd.readouterr().out
    assert called == ["a", "b", "c", "b", "c"]
    # What failed is done again only if it is asked for.
    assert _call(monkeypatch, bundle) == 1
    assert _call(monkeypatch, bundle, "--again") == 0
    assert called == ["a", "b", "c", "b", "c", "c"]
    assert _call(monkeypatch, bundle, "--minutes", "0") == 0


def test_no_step_begins_that_has_no_time(bundle, monkeypatch, capfd):
    monkeypatch.setattr(measure_kernels, "run_step", None)
    assert _call(monkeypatch, bundle, "--minutes", "0.5") == CASES_LEFT
    assert "steps are left" in capfd.readouterr().out


def test_steps_are_commands_of_this_folder(bundle, fake_driver, monkeypatch):
    step = Step(
        "check", ("check_kernels.py", str(bundle), "--shapes", "small", "--driver",
                  str(fake_driver), "--tiles", "32")
    )  # fmt: skip
    # The driver computes nothing: results are wrong, and that is said.
    assert measure_kernels.run_step(step, bundle, 100) == 1
    log = (bundle / "check.log").read_text()
    assert "3 kernels on 1 shapes, 3 faults" in log
    script = bundle / "forever.py"
    script.write_text("import sys, time\nprint(sys.argv[1:], flush=True)\n"
                      "time.sleep(100)\n")  # fmt: skip
    monkeypatch.setattr(measure_kernels, "HERE", bundle)
    words = ("forever.py", "--micro", "none.json")
    # The rates are left out that are not there.
    assert measure_kernels.run_step(Step("f", words), bundle, 1) is None
    assert (bundle / "f.log").read_text() == "[]\n"
    assert measure_kernels.run_step(Step("g", words, resumes=True), bundle, 1) is None
    assert "['--resume', '--minutes', '0.00']" in (bundle / "g.log").read_text()
