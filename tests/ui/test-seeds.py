#!/usr/bin/python3
"""test-seeds.py: 種くらべ from outside: a sheet of twelve seeds fills, some are ticked with the keyboard and through the
accessibility tree, and what is finished from their latents is, byte for byte, what eshi-cli paints with that seed.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Atspi, Failed, Program, application, find, outline, press, push, run, shoot, skip, wait_until,
                        walk)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
FIRST = 1234
STEPS, SAMPLER = 12, "euler-a"
# Enough for a pause to come before the last of twelve seeds, however fast the machine.
MANY_STEPS = 150
DRAFT = f"""[Settings]
prompt=猫 油絵
seed={FIRST}
seed-locked=true
steps={{steps}}
guidance=3
sampler={SAMPLER}
width=128
height=128
"""


def check_needs():
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    for program in ("xdotool", "import", "convert"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def start(steps=STEPS):
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT.format(steps=steps))
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    return program


def pixels(path):
    return subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout


def paint_plainly(seed):
    """The same settings and SEED, painted by the command line without any sheet."""
    path = os.path.join(os.environ["RIG_FOLDER"], f"plain-{seed}.png")
    run(os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--no-history", f"--seed={seed}",
        f"--steps={STEPS}", "--guidance=3", f"--sampler={SAMPLER}", "--width=128", "--height=128",
        "--prompt=猫 油絵", f"--output={path}")
    return pixels(path)


def fill_sheet(program, tree):
    program.forget()
    push(tree, "種くらべ")
    program.wait("SHEET shown")
    program.wait("SEEDS ready", 180)
    # A quarter of the steps each.
    assert [line for line in program.lines() if line.startswith("SEED ")] == [
        f"SEED {FIRST + i} {STEPS // 4}" for i in range(12)]
    tiles = [node for node in walk(tree) if (node.get_name() or "").startswith("シード 12")]
    assert len(tiles) == 12, [node.get_name() for node in tiles]
    shoot(os.path.join(SHOTS, "seeds.png"))


def seed_of(path):
    """The seed that the file of a picture is named after."""
    return int(os.path.basename(path).rsplit("-", 1)[1].split(".")[0])


def finish(program, tree):
    """One is ticked by its number, one with the arrow keys and Space, one through the accessibility tree."""
    press("3", "Right", "space")
    Atspi.Action.do_action(find(tree, f"シード {FIRST + 9}"), 0)
    wait_until(lambda: any((node.get_name() or "").startswith("12/12 · 3") for node in walk(tree)), "three ticks")
    program.forget()
    push(tree, "選んだ種を仕上げる")
    wait_until(lambda: program.count("SAVED") == 3, "three pictures", 180)
    # They went on from where they stood.
    steps = [int(line.split()[1].split("/")[0]) for line in program.lines()[program.mark:] if line.startswith("PROGRESS")]
    assert min(step for step in steps if step > 0) >= STEPS // 4, steps
    paths = [line.split(" ", 1)[1] for line in program.lines()[program.mark:] if line.startswith("SAVED")]
    assert sorted(map(seed_of, paths)) == [FIRST + 2, FIRST + 3, FIRST + 9], paths
    return paths


def compare(paths):
    for path in paths:
        assert pixels(path) == paint_plainly(seed_of(path)), f"{path} is another picture than its seed's"
    print(f"# {len(paths)} pictures were finished from their latents, to the bytes of plain runs")


def come_back(program, tree):
    """The sheet is there again, without painting."""
    program.forget()
    press("ctrl+k")
    program.wait("SEEDS again")
    program.wait("SHEET shown")
    assert program.count("SEED ") == 0
    press("Escape")
    program.wait("SHEET left")


def try_others(program, tree):
    """Twelve others; the seed of one of them goes into the panel."""
    press("ctrl+k")
    program.wait("SHEET shown")
    program.forget()
    push(tree, "他の種")
    program.wait(f"SEED {FIRST + 12} ", 60)
    press("1")
    push(tree, "種を使う")
    program.wait("TOAST これからはこのシードを使います")
    program.wait("SEEDS ready", 60)
    program.forget()
    push(tree, "生成")
    program.wait(f"GENERATE [猫 油絵] seed={FIRST + 12}")
    program.wait("SAVED", 120)


def pause(program, tree):
    """The sheet stops between two seeds, and goes on from there."""
    push(tree, "種くらべ")
    program.wait(f"SEED {FIRST} ", 60)
    push(tree, "一時停止")
    program.wait("SEEDS ready", 60)
    n_done = program.count("SEED ")
    assert 0 < n_done < 12, n_done
    program.forget()
    push(tree, "続ける")
    program.wait(f"SEED {FIRST + n_done} ", 60)
    push(tree, "一時停止")
    program.wait("SEEDS ready", 60)


def play(deeds, steps):
    program = start(steps)
    tree = application(program)
    try:
        deeds(program, tree)
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "seeds-failed.png"))
        return 1
    finally:
        program.end()
    return 0


def compare_seeds(program, tree):
    fill_sheet(program, tree)
    compare(finish(program, tree))
    come_back(program, tree)
    try_others(program, tree)


def main():
    check_needs()
    if play(compare_seeds, STEPS) != 0 or play(pause, MANY_STEPS) != 0:
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
