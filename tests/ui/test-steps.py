#!/usr/bin/python3
"""test-steps.py: 工程 from outside: the steps of a finished picture are painted again, scrubbed through and played, and a
branch goes on from one of them with other words.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Atspi, Failed, Program, application, find, outline, press, push, run, set_text, shoot, skip,
                        wait_until, walk)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
STEPS = 10
DRAFT = f"""[Settings]
prompt=猫 油絵
seed=5
seed-locked=true
steps={STEPS}
guidance=3
sampler=heun
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


def start():
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT)
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    return program


def pixels(path):
    return subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout


def label_shows(tree, text):
    wait_until(lambda: any(node.get_role_name() == "label" and (node.get_name() or "") == text for node in walk(tree)),
               f"the label {text}")


def scrub(program, tree):
    """Every step is there, and the slider goes to each."""
    push(tree, "工程")
    program.wait(f"STEPS {STEPS}/{STEPS}", 120)
    seen = [line for line in program.lines() if line.startswith("STEPS ")]
    # Heun's sampler asks twice a step, so two looks may belong to one step, but none is left out.
    assert len(seen) >= STEPS - 1, seen
    label_shows(tree, f"{STEPS}/{STEPS}")
    shoot(os.path.join(SHOTS, "steps.png"))
    slider = find(tree, "ステップ", "slider")
    Atspi.Value.set_current_value(slider, 4)
    label_shows(tree, f"4/{STEPS}")
    press("Left")
    label_shows(tree, f"3/{STEPS}")


def play(tree):
    push(tree, "再生 (スペース)")
    label_shows(tree, f"{STEPS}/{STEPS}")


def come_back(program, tree):
    """It is left with Escape, and the steps are there again without painting."""
    press("Escape")
    program.forget()
    press("ctrl+shift+k")
    label_shows(tree, f"{STEPS}/{STEPS}")
    assert program.count("STEPS ") == 0


def branch(program, tree):
    """From step 4 on with other words: another picture, which is what eshi-cli paints of the file with --from alone."""
    Atspi.Value.set_current_value(find(tree, "ステップ", "slider"), 4)
    label_shows(tree, f"4/{STEPS}")
    push(tree, "ここから分ける")
    program.wait("TOAST 先に")
    set_text(next(node for node in walk(tree) if node.get_role_name() == "text"), "犬 油絵")
    program.wait("BUFFER [犬 油絵]")
    program.forget()
    push(tree, "ここから分ける")
    program.wait("BRANCH step=4")
    path = program.wait("SAVED", 120).split(" ", 1)[1]
    again = os.path.join(os.environ["RIG_FOLDER"], "again.png")
    run(os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--no-history", f"--from={path}", f"--output={again}")
    assert pixels(path) == pixels(again), "the branch was not painted again"
    run(os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--no-history", f"--from={path}", "--branch-step=9",
        "--guidance=1", f"--output={again}")
    assert pixels(path) != pixels(again), "a branch of the branch is the same picture"


def from_gallery(program, tree):
    """After a restart the gallery's newest picture, here the branch of two prompts, shows its steps as well, and the last
    of them is the picture itself. Without the file there is nothing to show, which is said."""
    press("ctrl+2")
    program.wait("VIEW gallery")
    program.wait("FOUND 2")
    press("Right", "Home")
    program.forget()
    press("ctrl+shift+k")
    path = program.wait("OPENED").split(" ", 1)[1]
    program.wait(f"STEPS {STEPS}/{STEPS}", 120)
    label_shows(tree, f"{STEPS}/{STEPS}")
    os.unlink(path)
    press("Escape", "ctrl+2")
    program.wait("VIEW gallery")
    press("Right", "Home")
    press("ctrl+shift+k")
    program.wait("TOAST ファイルがありません")


def main():
    check_needs()
    program = start()
    tree = application(program)
    try:
        push(tree, "生成")
        program.wait("SAVED", 120)
        scrub(program, tree)
        play(tree)
        come_back(program, tree)
        branch(program, tree)
        program.end()
        program = start()
        tree = application(program)
        from_gallery(program, tree)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "steps-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
