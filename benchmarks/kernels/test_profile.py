"""What bounds a kernel: counters and stages, without a GPU."""

import csv
import json
from dataclasses import replace

import pytest

import profile_kernels
from cases import Case
from driver import KernelInfo
from stages import STAGES

SCHEDULE = {"tile_m": 32, "tile_n": 16, "tile_k": 64, "stages": 3, "warps_m": 2,
            "warps_n": 1}  # fmt: skip
WHOLE = KernelInfo(
    "whole", "whole.cubin", "sm_90a", "f16", "f16", 32, False, SCHEDULE, 64, 0, 99
)
LACKING = [
    replace(WHOLE, file=f"{stage}.cubin", without=stage) for stage in STAGES[:3]
]
OTHERS = [
    replace(WHOLE, name="wide", schedule=SCHEDULE | {"tile_n": 32}),
    replace(WHOLE, name="indexed", row_index=True),
    replace(WHOLE, name="resident", schedule=SCHEDULE | {"kernel": "resident"},
            shared_bytes=227 * 1024),
    replace(WHOLE, name="resident", schedule=SCHEDULE | {"kernel": "resident"},
            shared_bytes=227 * 1024, without="gather"),
]  # fmt: skip


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(profile_kernels, "SHAPES", {"tiny": (70, 128)})
    kernels = [WHOLE, *LACKING, *OTHERS]
    manifest = {"commit": "abc", "kernels": [vars(kernel) for kernel in kernels]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for kernel in kernels:
        (tmp_path / kernel.file).write_bytes(b"\x7fELF")
    return tmp_path


def _arguments(bundle, driver, what, *more):
    return [
        what, str(bundle), str(bundle / "out.csv"), "--shape", "tiny", "--tokens", "8",
        "--tile", "32", "--driver", str(driver), *more,
    ]  # fmt: skip


def _rows(path):
    return list(csv.DictReader(x for x in path.open() if x[0] != "#"))


def test_kernels_are_found_with_their_variants():
    case = Case("tiny", 70, 128, 8, 0.75, 32)
    found = profile_kernels.chosen([WHOLE, *LACKING, *OTHERS], case, None)
    assert [(info.name, set(lacking)) for info, lacking in found] == [
        ("whole", set(STAGES[:3])), ("resident", {"gather"})
    ]  # fmt: skip
    ((named, lacking),) = profile_kernels.chosen([WHOLE, *OTHERS], case, ["wide"])
    assert (named.name, lacking) == ("wide", {})
    with pytest.raises(profile_kernels.ProfileError, match="no such kernels"):
        profile_kernels.chosen([WHOLE, *LACKING], replace(case, tile=64), None)


def test_stages_are_timed(bundle, fake_driver, monkeypatch):
    times = iter(range(1, 10_000))
    monkeypatch.setattr(
        profile_kernels.Driver, "time", lambda _, launch: launch() or next(times)
    )
    monkeypatch.setattr(
        "sys.argv", ["profile", *_arguments(bundle, fake_driver, "stages")]
    )
    assert profile_kernels.main() == 0
    (row,) = _rows(bundle / "out.csv")
    assert row["kernel"] == "whole"
    # 3 launches that warm up, 20 that count.
    assert float(row["whole"]) == 13.5
    assert float(row["gather"]) == 13.5 + 23
    assert row["products"] == row["stores"] == ""
    assert (bundle / "out.csv").read_text().startswith("# gpu: Fake GPU\n# case: Case(")


NCU = """#!/bin/sh
echo "$@" >> "$NOTES"
while [ "$1" != --kernel-name ]; do shift; done
name=$2
shift 2
echo "==PROF== Connected"
"$@" 1>&2
printf '"ID","Kernel Name","Section Name","Metric Name",'
printf '"Metric Unit","Metric Value"\\n'
printf '"0","%s","%s","%s","%%","%s"\\n' "$name" Speed "DRAM Throughput" 71.5
printf '"0","%s","%s","%s","","%s"\\n' "other" Speed "DRAM Throughput" 1
"""


def test_counters_are_read(bundle, fake_driver, monkeypatch):
    ncu = bundle / "ncu"
    # SHAPES is what it is in another process.
    ncu.write_text(NCU.replace('"$@" 1>&2', ": launched"))
    ncu.chmod(0o755)
    monkeypatch.setenv("HINM_NCU", str(ncu))
    monkeypatch.setenv("NOTES", str(bundle / "notes"))
    monkeypatch.setattr(
        "sys.argv",
        ["profile", *_arguments(bundle, fake_driver, "counters", "--kernels", "whole")],
    )
    assert profile_kernels.main() == 0
    assert _rows(bundle / "out.csv") == [
        {"kernel": "whole", "Speed: DRAM Throughput": "71.5 %"}
    ]
    (note,) = (bundle / "notes").read_text().splitlines()
    assert "--section SpeedOfLight" in note
    assert "profile_kernels.py launch" in note
    assert "--kernels whole" in note


def test_one_launch_is_made_for_the_counters(bundle, fake_driver, monkeypatch):
    launched = []
    monkeypatch.setattr(
        profile_kernels.Launcher, "median",
        lambda _, info, count: launched.append((info.name, count)),
    )  # fmt: skip
    words = _arguments(bundle, fake_driver, "launch", "--kernels", "whole")
    profile_kernels.run(
        profile_kernels.parse(words), profile_kernels.Driver(str(fake_driver))
    )
    assert launched == [("whole", 1)]


def test_reasons_of_ncu_are_said(bundle, fake_driver, monkeypatch, capfd):
    text = "==PROF== Connected\n==ERROR== ERR_NVGPUCTRPERM: no permission\n"
    with pytest.raises(profile_kernels.ProfileError, match="ERR_NVGPUCTRPERM"):
        profile_kernels.parse_counters(text, "k")
    with pytest.raises(profile_kernels.ProfileError, match="nothing of k"):
        profile_kernels.parse_counters("", "k")
    monkeypatch.delenv("HINM_NCU", raising=False)
    monkeypatch.setattr(profile_kernels.shutil, "which", lambda _: None)
    monkeypatch.setattr(profile_kernels.Path, "exists", lambda _: False)
    monkeypatch.setattr(
        "sys.argv", ["profile", *_arguments(bundle, fake_driver, "counters")]
    )
    assert profile_kernels.main() == 1
    assert "no ncu: install Nsight Compute" in capfd.readouterr().err
