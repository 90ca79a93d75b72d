#!/usr/bin/env python3
"""eshi-cli history, from painting to finding, painting again and copying.

test-history-cli.py ESHI_CLI
    writes TAP; needs the embedded model ($ESHI_MODEL_DIR/mame)

SPDX-License-Identifier: MIT
"""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CLI = str(Path(sys.argv[1]).resolve())
MODEL = Path(os.environ.get("ESHI_MODEL_DIR", "/nonexistent")) / "mame"
TIMEOUT_S = 120


class Case:
    """A home of its own for the program."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.env = dict(os.environ, LC_ALL="C.UTF-8", HOME=folder, XDG_DATA_HOME=f"{folder}/data",
                        XDG_CONFIG_HOME=f"{folder}/config", ESHI_MECAB="no")
        self.env.pop("LANGUAGE", None)

    def run(self, *args, status=0):
        result = subprocess.run([CLI, *args], cwd=self.folder, env=self.env, capture_output=True, text=True,
                                timeout=TIMEOUT_S, check=False)
        assert result.returncode == status, f"{args}: exit status {result.returncode}: {result.stderr}"
        return result.stdout if status == 0 else result.stderr

    def paint(self, prompt, *args):
        return self.run("generate", "-p", prompt, "--steps", "2", "--width", "64", "--height", "64", *args)

    def found(self, *args):
        return [picture["id"] for picture in json.loads(self.run("history", *args, "--json"))["pictures"]]


def test_find(case):
    case.paint("猫の肖像画 油絵", "--seed", "1")
    case.paint("サラリーマン 油絵", "--seed", "2", "-o", "b.png")
    case.paint("内緒", "--no-history", "-o", "c.png")
    assert case.found("list") == [2, 1]
    assert case.found("search", "油絵") == [2, 1]
    assert case.found("search", "油絵", "ｻﾗﾘｰﾏﾝ") == [2]
    assert case.found("search", "内緒") == []
    assert case.found("list", "--limit", "1") == [2]
    assert case.found("list", "--sampler", "nope") == []
    assert case.found("list", "--trashed") == []
    shown = json.loads(case.run("history", "show", "2", "--json"))
    assert shown["file"] == str(case.folder / "b.png") and shown["settings"]["seed"] == 2, shown
    assert shown["backend"] in ("cpu", "ref") and len(shown["model_hash"]) == 10, shown
    assert "Seed: 1," in case.run("history", "show", "1")


def test_rerun(case):
    case.paint("猫", "--seed", "3", "-o", "a.png")
    assert "✓" in case.run("history", "rerun", "1", "-o", "b.png")
    assert (case.folder / "a.png").read_bytes() == (case.folder / "b.png").read_bytes()
    again = json.loads(case.run("history", "rerun", "1", "--no-history", "--json"))
    assert again["reproduced"] and again["id"] == 0 and again["file"] is None, again
    assert json.loads(case.run("history", "show", "2", "--json"))["parent"] == 1
    assert case.found("list") == [2, 1]

    # Another picture under its name is told from it; a missing one is compared by its sum.
    case.paint("犬", "--seed", "4", "--no-history", "-o", "other.png")
    os.replace(case.folder / "other.png", case.folder / "a.png")
    assert "✓" not in case.run("history", "rerun", "1", "--no-history", status=1)
    (case.folder / "a.png").unlink()
    assert "✓" in case.run("history", "rerun", "1", "--no-history")


def test_rerun_image(case):
    """From an image and a mask that are gone by then."""
    case.paint("猫", "--seed", "5", "-o", "in.png")
    args = ["--image", "in.png", "--mask", "in.png", "--strength", "0.6", "--no-paste"]
    case.run("generate", "-p", "犬", "--steps", "4", "--seed", "6", *args, "-o", "b.png")
    (case.folder / "in.png").unlink()
    assert "✓" in case.run("history", "rerun", "2", "--no-history")


def test_export(case):
    case.paint("猫の肖像画 油絵", "--seed", "1", "-o", "a.png")
    for name, suffix in [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")]:
        assert case.run("history", "export", "1", "-f", name) == f"./1-a.{suffix}\n"
        assert "猫の肖像画 油絵" in case.run("show", f"1-a.{suffix}")
    assert (case.folder / "1-a.png").read_bytes() == (case.folder / "a.png").read_bytes()
    case.run("history", "export", "1", "-f", "jpeg", "--no-settings")
    case.run("show", "1-a.jpg", status=1)


def test_import(case):
    """Pictures stay where they are; known ones, and files that are none, add nothing."""
    for seed, name in enumerate(["old/a.png", "old/deep/b.PNG", "old/.hidden/c.png"]):
        (case.folder / name).parent.mkdir(parents=True, exist_ok=True)
        case.paint("猫の油絵", "--seed", str(seed), "--no-history", "-o", "x.png")
        os.replace(case.folder / "x.png", case.folder / name)
    (case.folder / "old" / "note.txt").write_text("no picture")
    before = (case.folder / "old" / "a.png").read_bytes()
    assert "added: 2; known already or without settings: 0; unreadable: 0" in case.run("history", "import", "old")
    assert "added: 0; known already or without settings: 2; unreadable: 0" in case.run("history", "import", "old")
    assert sorted(case.found("search", "油絵")) == [1, 2]
    assert (case.folder / "old" / "a.png").read_bytes() == before
    (case.folder / "old" / "broken.png").write_text("no picture")
    assert "broken.png" in case.run("history", "import", "old", status=1)
    case.run("history", "import", "nope", status=1)
    case.run("history", "import", status=2)


def test_import_stopped(case):
    """Ctrl+C keeps what was read, and the next time the rest is added."""
    n_files = 600
    case.paint("猫の油絵", "--no-history", "-o", "x.png")
    (case.folder / "old").mkdir()
    # Read first: its complaint tells that the import is under way.
    (case.folder / "old" / "0.png").write_text("no picture")
    for i in range(n_files):
        shutil.copy(case.folder / "x.png", case.folder / "old" / f"{i + 1:03}.png")
    with subprocess.Popen([CLI, "history", "import", "old"], cwd=case.folder, env=case.env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert "0.png" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1, process.returncode
    n_kept = int(re.match(r"Pictures added: (\d+); known already or without settings: 0; unreadable: 1\.", said).group(1))
    assert 0 < n_kept < n_files, said
    (case.folder / "old" / "0.png").unlink()
    counts = f"added: {n_files - n_kept}; known already or without settings: {n_kept}; unreadable: 0"
    assert counts in case.run("history", "import", "old")


def test_contact_sheet(case):
    for seed in range(3):
        case.paint("猫", "--seed", str(seed), "--no-previews", "-o", f"{seed}.png")
    (case.folder / "1.png").unlink()
    sheet = ["history", "export", "--contact-sheet"]
    assert case.run(*sheet, "sheet.png", "1", "2", "3") == "sheet.png\n"
    # Two columns of 320 pixels with 16 around each.
    header = (case.folder / "sheet.png").read_bytes()[16:24]
    assert struct.unpack(">II", header) == (2 * 336 + 16, 2 * 336 + 16), header
    case.run(*sheet, "sheet.png", "--columns", "3", "1", "2", "3")
    header = (case.folder / "sheet.png").read_bytes()[16:24]
    assert struct.unpack(">II", header) == (3 * 336 + 16, 336 + 16), header
    case.run(*sheet, "sheet.jpg", "1")
    assert (case.folder / "sheet.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    case.run("show", "sheet.jpg", status=1)
    case.run(*sheet, "sheet.png", "4", status=1)
    case.run(*sheet, "no/such.png", "1", status=1)
    case.run(*sheet, "sheet.gif", "1", status=2)
    case.run(*sheet, "sheet.png", status=2)
    case.run(*sheet, "sheet.png", "--columns", "-1", "1", status=2)
    case.run("history", "export", "--columns", "2", "1", status=2)


def test_refused(case):
    for args in [[], ["nope"], ["show"], ["show", "1", "2"], ["search"], ["list", "--limit", "0"], ["list", "x"],
                 ["rerun"], ["export"], ["export", "1", "-f", "gif"], ["export", "1", "--quality", "0"]]:
        assert case.run("history", *args, status=2).count("\n") == 1, args
    for args in [["show", "1"], ["show", "x"], ["rerun", "-1"], ["export", "99999999999999999999"]]:
        error = case.run("history", *args, status=2 if args[1] == "-1" else 1)
        assert error.count("\n") == 1 and error.endswith(".\n"), (args, error)


def main():
    tests = [(name[5:], test) for name, test in globals().items() if name.startswith("test_")]
    if not MODEL.is_dir():
        print("1..0 # SKIP there is no embedded model")
        return 0
    print(f"1..{len(tests)}")
    failures = 0
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="eshi-history-") as folder:
            try:
                test(Case(folder))
                print(f"ok {number} /eshi/history-cli/{name}", flush=True)
            except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
                failures += 1
                print(f"# {error!r}\nnot ok {number} /eshi/history-cli/{name}", flush=True)
    return 1 if failures else 0


sys.exit(main())
