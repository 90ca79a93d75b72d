#!/usr/bin/python3
"""test-faults.py: what the window does when things go wrong around it: a full disk, a folder that cannot be written, files
that go and come back, another program that paints, a second start, a history that is newer, damaged or gone.

Nothing may be lost, and each is said in Japanese. Run by tests/ui/rig --as-root, which may mount small disks.
SPDX-License-Identifier: MIT
"""

import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import Failed, Program, application, find, outline, press, push, shoot, skip, wait_until, walk
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
PICTURES = os.path.join(os.environ["HOME"], "Pictures", "Eshi")
DATA = os.path.join(os.environ["XDG_DATA_HOME"], "eshi")
DATABASE = os.path.join(DATA, "history.db")
BALLAST = os.path.join(PICTURES, "ballast")
MISSING = "(ファイルがありません)"

# Few steps: what is tested is not how well it paints.
DRAFT = """[Settings]
prompt=猫 油絵
seed=5
seed-locked=true
n-images=1
steps=2
guidance=2
sampler=euler
width=128
height=128
"""


def check_needs():
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    for program in ("xdotool", "import"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def mount_pictures(*options):
    os.makedirs(PICTURES, exist_ok=True)
    result = subprocess.run(["mount", *options, "-t", "tmpfs", "eshi-test", PICTURES], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        skip("no small disk could be mounted: " + result.stderr.strip())


def remount(how):
    subprocess.run(["mount", "-o", f"remount,{how}", PICTURES], check=True)


def fill_disk():
    """Leaves no room at all."""
    with open(BALLAST, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


def write_draft():
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT)


def start():
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    return program, application(program)


def quit_window(program):
    press("ctrl+q")
    wait_until(lambda: program.process.poll() is not None, "the end of the program")
    assert program.process.returncode == 0, program.process.returncode


def paint(program):
    program.forget()
    press("ctrl+1", "ctrl+l", "ctrl+Return")
    program.wait("DONE", 60)


def is_picture(path):
    with open(path, "rb") as file:
        data = file.read()
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82") and "猫 油絵".encode() in data


def full_disk(program, tree):
    fill_disk()
    paint(program)
    line = program.wait("NOTICE まだ保存できていない絵が 1 枚あります。")
    assert "ディスクがいっぱい" in line, line
    paint(program)
    program.wait("NOTICE まだ保存できていない絵が 2 枚あります。")
    shoot(os.path.join(SHOTS, "full-disk.png"))
    # Still full: the words stay, and nothing is lost.
    program.forget()
    push(tree, "もう一度保存")
    program.wait("NOTICE まだ保存できていない絵が 2 枚あります。")
    assert not [name for _, _, names in os.walk(PICTURES) for name in names if name != "ballast"], "half a file was left"
    os.unlink(BALLAST)
    program.forget()
    push(tree, "もう一度保存")
    wait_until(lambda: program.count("SAVED") == 2, "both files")
    for line in program.lines()[program.mark:]:
        if line.startswith("SAVED"):
            assert is_picture(line.split(" ", 1)[1]), line
    found(program, 2)


def read_only(program, tree):
    """Whoever closes the window is asked first."""
    remount("ro")
    paint(program)
    line = program.wait("NOTICE まだ保存できていない絵が 1 枚あります。")
    assert "書き込め" in line, line
    press("ctrl+q")
    find(tree, "保存できていない絵があります")
    program.leave_window()
    remount("rw")
    program.forget()
    push(tree, "もう一度保存")
    assert is_picture(program.wait("SAVED").split(" ", 1)[1])
    found(program, 3)


def found(program, n):
    """The gallery shows N pictures."""
    program.forget()
    press("ctrl+1", "ctrl+2")
    wait_until(lambda: [line for line in program.lines() if line.startswith("FOUND")][-1] == f"FOUND {n}",
               f"{n} pictures in the gallery")


def names_of_tiles(tree):
    return [node.get_name() or "" for node in walk(find(tree, "ギャラリーの絵"))]


def files_go_and_come(program, tree):
    path = next(os.path.join(folder, name) for folder, _, names in os.walk(PICTURES) for name in names
                if name.endswith(".png"))
    press("ctrl+1")
    os.rename(path, path + ".elsewhere")
    press("ctrl+2")
    wait_until(lambda: sum(MISSING in name for name in names_of_tiles(tree)) == 1, "the mark of a missing file")
    press("ctrl+1")
    os.rename(path + ".elsewhere", path)
    press("ctrl+2")
    wait_until(lambda: not any(MISSING in name for name in names_of_tiles(tree)), "the mark gone again")


def another_program_paints(program):
    program.forget()
    subprocess.run([os.environ["ESHI_CLI"], "generate", "-p", "犬", "--steps", "2", "--quiet"], check=True)
    program.wait("FOUND 4")


def second_start(program):
    program.forget()
    second = subprocess.run([os.environ["ESHI_PROGRAM"]], timeout=60, check=False)
    assert second.returncode == 0
    program.wait("ACTIVATED")
    assert not program.count("FIRST_FRAME"), "there are two windows"


def another_home():
    """On another bus, with folders of its own, is another program."""
    home = os.path.join(os.environ["RIG_FOLDER"], "other")
    folders = {"HOME": home, "XDG_DATA_HOME": home + "/data", "XDG_STATE_HOME": home + "/state",
               "XDG_CONFIG_HOME": home + "/config", "XDG_CACHE_HOME": home + "/cache"}
    other = Program(["dbus-run-session", "--", os.environ["ESHI_PROGRAM"]], folders)
    try:
        other.wait("FIRST_FRAME")
        other.wait("FOUND 0")
        assert os.path.exists(home + "/data/eshi/history.db")
    finally:
        other.end()


def newer_history():
    """It is left alone, and pictures are saved all the same."""
    database = sqlite3.connect(DATABASE)
    database.execute("PRAGMA user_version = 999")
    database.close()
    program, tree = start()
    try:
        line = program.wait("NOTICE")
        assert "新しい" in line and "ギャラリーには表示されません" in line, line
        press("ctrl+2")
        find(tree, "ギャラリーを表示できません")
        shoot(os.path.join(SHOTS, "newer-history.png"))
        paint(program)
        assert is_picture(program.wait("SAVED").split(" ", 1)[1])
        quit_window(program)
    except (Failed, AssertionError):
        print(program.report())
        raise
    finally:
        program.end()
    database = sqlite3.connect(DATABASE)
    assert database.execute("PRAGMA user_version").fetchone() == (999,)
    database.execute("PRAGMA user_version = 2")
    database.close()


def damaged_history(n_pictures):
    """Without a backup it is rebuilt from the pictures."""
    shutil.rmtree(os.path.join(DATA, "backups"), ignore_errors=True)
    with open(DATABASE, "r+b") as file:
        file.write(b"\xa5" * 8192)
    program, _ = start()
    try:
        line = program.wait("NOTICE")
        assert "壊れ" in line and "絵のファイルから" in line, line
        found(program, n_pictures)
        shoot(os.path.join(SHOTS, "damaged-history.png"))
        quit_window(program)
    finally:
        program.end()


def main():
    check_needs()
    mount_pictures("-o", "size=3m")
    write_draft()
    program, tree = start()
    try:
        full_disk(program, tree)
        read_only(program, tree)
        files_go_and_come(program, tree)
        another_program_paints(program)
        second_start(program)
        quit_window(program)
        newer_history()
        # With the picture that the newer history did not know.
        damaged_history(5)
        # Last, since its accessibility bus takes the place of ours on the screen.
        another_home()
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "faults-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
