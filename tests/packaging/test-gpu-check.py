"""test-gpu-check.py BUILD [EMULATION]: tools/gpu-check as somebody runs it who has no GPU, or the emulation's.

EMULATION is the folder with the emulated CUDA backend and NVIDIA's libraries; without it the cases that need it are
skipped. Says nothing of speed, nor of a GPU.

SPDX-License-Identifier: MIT
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from types import SimpleNamespace

sys.dont_write_bytecode = True
from tap import Skip, run_cases  # noqa: E402  (a module beside this one, read without leaving a cache)

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = TOP / "tools" / "gpu-check"
QUICK = ["--quick", "--steps", "2", "--python", "/bin/false"]


def load_tool():
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_check", loader))
    loader.exec_module(module)
    return module


def run_tool(folders, *arguments, **environment):
    """Returns the exit status, what was said, and the report's stages by name."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ESHI_", "LC_", "LANG"))}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {**clean, "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": folder, **environment}
        result = subprocess.run([TOOL, "--build", folders.build, "--output", report, *arguments], check=False, text=True,
                                capture_output=True, env=environment)
        assert report.exists(), result.stderr
        read = json.loads(report.read_text(encoding="utf-8"))
    return result.returncode, result.stdout, {stage["stage"]: stage for stage in read["stages"]}


def emulated(folders, libraries):
    """The environment for the emulated backend with NVIDIA's libraries from the folder LIBRARIES."""
    if folders.emulation is None:
        raise Skip("there is no emulation in this build")
    return {"ESHI_PLUGIN_DIR": f"{folders.emulation}:{folders.build / 'src' / 'kernels' / 'cpu'}",
            "ESHI_CUDA_LIBS": str(libraries)}


def check_speeds(stages):
    """Every kind of number that the report is read for is there and could be one."""
    rows = stages["op speed"]["rows"]
    assert {row["net"] for row in rows} == {"mame-unet", "mame-decoder"}
    assert all(row["best_ms"] > 0 for row in rows)
    (row,) = stages["picture speed"]["rows"]
    assert (row["model"], row["width"], row["height"], row["steps"]) == ("mame", 128, 128, 2)
    assert 0 < row["step_s"] < row["total_s"]


def test_processor(folders):
    status, said, stages = run_tool(folders, "--backend", "cpu", *QUICK)
    results = {name: stage["result"] for name, stage in stages.items()}
    assert status == 0, said
    assert [name for name, result in results.items() if result == "left out"] == ["cudnn", "memory", "races", "PyTorch"]
    assert all(result in ("passed", "left out") for result in results.values())
    assert stages["ops"]["run"] > 100 and stages["ops"]["failed"] == []
    assert stages["goldens"]["run"] == 9
    assert stages["picture"]["psnr_db"] > 35
    check_speeds(stages)


def test_emulation(folders):
    environment = emulated(folders, folders.emulation)
    status, said, stages = run_tool(folders, *QUICK, **environment)
    assert status == 0, said
    assert stages["ops"]["run"] > 200 and stages["goldens"]["run"] == 9
    assert "cuDNN" in stages["cudnn"]["words"]
    check_speeds(stages)


def test_no_cudnn(folders):
    """It is said, and the rest goes on; the first five stages, for in the emulation this is slow."""
    tool = load_tool()
    tool.STAGES = tool.STAGES[:5]
    check = tool.Check(SimpleNamespace(build=folders.build, backend="cuda", quick=True, model=None))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        check.environment.update(emulated(folders, folder), XDG_CACHE_HOME=folder)
        for name in ("libcuda.so.1", "libcublasLt.so.13"):
            (Path(folder) / name).symlink_to(folders.emulation / name)
        stages = {stage["stage"]: stage for stage in tool.run_stages(check)}
    assert stages["cudnn"]["result"] == "failed" and "libcudnn.so.9" in stages["cudnn"]["words"]
    assert stages["ops"]["result"] == stages["goldens"]["result"] == "passed", said.getvalue()


def test_no_driver(folders):
    for language, words in (("C", "NVIDIA's driver is not installed"), ("ja", "NVIDIA のドライバーが入っていません")):
        with tempfile.TemporaryDirectory() as folder:
            status, said, stages = run_tool(folders, *QUICK, LANGUAGE=language, **emulated(folders, folder))
        assert status == 1
        assert stages["device"]["result"] == "failed" and words in stages["device"]["words"], said
        assert all(stage["result"] == "left out" for stage in list(stages.values())[2:])


def test_not_built(folders):
    for language, words in (("C", "was not built"), ("ja", "がビルドされていません")):
        status, _said, stages = run_tool(folders, *QUICK, LANGUAGE=language, ESHI_PLUGIN_DIR="/nowhere")
        assert status == 1
        assert words in stages["device"]["words"] and "nvcc" in stages["device"]["words"]


def test_empty_build(folders):
    with tempfile.TemporaryDirectory() as folder:
        status, said, stages = run_tool(SimpleNamespace(build=folder), "--backend", "ref", *QUICK)
    assert status == 1
    assert "lacks eshi-cli" in stages["device"]["words"], said


def test_failures(folders):
    """What a test program says that fails, crashes or has nothing to run, and what the stages after it do."""
    tool = load_tool()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        check = tool.Check(SimpleNamespace(build=Path(folder), backend="ref", quick=False, model=None))
        for script, words in (("echo ok 1 /a; echo not ok 2 /b; exit 1", "1 of 2 failed: /b"),
                              ("echo ok 1 /a; echo it broke >&2; kill -SEGV $$", "it broke"),
                              ("echo 'ok 1 /a # SKIP no device'", "no device"),
                              ("echo 1..0", "Nothing ran")):
            program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            program.chmod(0o755)
            row = tool.run_stage(check, "ops", lambda it: tool.tap(it, program))
            assert row["result"] == "failed" and words in row["words"], row


def test_compute_sanitizer(folders):
    """A stand-in of NVIDIA's program, sound and not."""
    tool = load_tool()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "compute-sanitizer"
        suite = Path(folder) / "tests" / "kernels" / "test-kernels"
        suite.parent.mkdir(parents=True)
        suite.touch()
        (Path(folder) / "libeshi-cuda.so").touch()
        check = tool.Check(SimpleNamespace(build=Path(folder), backend="cuda", quick=False, model=None))
        check.environment["ESHI_PLUGIN_DIR"] = folder
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
        for script, result in (("test $2 = racecheck", "passed"), ("echo '========= ERROR SUMMARY: 1 error'; exit 9", "failed")):
            program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            program.chmod(0o755)
            row = tool.run_stage(check, "races", tool.races)
            assert row["result"] == result, row
        assert row["words"] == "========= ERROR SUMMARY: 1 error"


def test_png_filters(folders):
    """Two pixels a row, one row for each filter of the specification, filtered here by its own definition."""
    rows = [bytes((7 * x + 31 * y) ** 2 % 256 for x in range(6)) for y in range(5)]
    packed, above = b"", bytes(6)
    for kind, row in enumerate(rows):
        packed += bytes([kind]) + bytes((value - predict(kind, row, above, i)) % 256 for i, value in enumerate(row))
        above = row
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 2, 5, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks))
        assert bytes(load_tool().read_png(path)) == b"".join(rows)


def predict(kind, row, above, i):
    a, b, c = (row[i - 3] if i >= 3 else 0), above[i], (above[i - 3] if i >= 3 else 0)
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    nearest = a if pa <= pb and pa <= pc else b if pb <= pc else c
    return (0, a, b, (a + b) // 2, nearest)[kind]


def test_every_sentence_is_translated(folders):
    """What the tool says through say() stands in its table."""
    tool = load_tool()
    source = TOOL.read_text(encoding="utf-8")
    said = {"".join(re.findall(r'"([^"]*)"', text)) for text in re.findall(r'say\(((?:\s*"[^"]*")+)', source)}
    assert len(said) > 15
    assert said <= set(tool.JAPANESE), said - set(tool.JAPANESE)
    assert {name for name, _stage in tool.STAGES} <= set(tool.JAPANESE)


def main(build, emulation=None):
    folders = SimpleNamespace(build=Path(build), emulation=Path(emulation) if emulation else None)
    return run_cases("/eshi/gpu-check", globals(), folders)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
