#!/usr/bin/python3
"""test-window.py: the window from outside, through the accessibility tree and the keyboard: paint, watch, queue, stop,
take settings over, survive kill -9, fit a narrow screen.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Atspi, Failed, Program, application, find, outline, press, push, set_text, shoot, skip, text_of,
                        wait_until, walk)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
NAMES = ("プロンプト", "大きさ", "ステップ", "強さ (CFG)", "シード", "サイコロを振る", "このシードを使い続ける",
         "サンプラー", "枚数", "生成", "メインメニュー", "モデル", "油絵")


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


def start():
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    return program


def prompt_of(tree):
    return next(node for node in walk(tree) if node.get_role_name() == "text")


def named(tree, start_of_name):
    return next((node for node in walk(tree) if (node.get_name() or "").startswith(start_of_name)), None)


def check_names(tree):
    """Everything can be found by a name in Japanese, and no button is without one."""
    for name in NAMES:
        assert named(tree, name) is not None, f"nothing is named {name}"
    bare = [node for node in walk(tree)
            if node.get_role_name() in ("push button", "toggle button") and
            (node.get_name() or "").startswith(("Gtk", "Adw"))]
    # A menu button, an expander and a spin button hold buttons of the toolkit's own; their parents carry the name.
    assert len(bare) <= 16, [node.get_name() for node in bare]


def paint(program, tree):
    set_text(prompt_of(tree), "猫 油絵")
    program.wait("BUFFER [猫 油絵]")
    program.forget()
    push(tree, "生成")
    program.wait("GENERATE [猫 油絵]")
    program.wait_for_step(3)
    program.wait("PREVIEW", 120)
    wait_until(lambda: any(re.fullmatch(r"LABEL \d+/25 · あと \d+ 秒", line) for line in program.lines()),
               "steps and the seconds left", 60)
    shoot(os.path.join(SHOTS, "painting.png"))
    program.wait("DONE", 180)
    path = program.wait("SAVED").split(" ", 1)[1]
    assert os.path.dirname(os.path.dirname(path)).endswith("/Eshi"), path
    shoot(os.path.join(SHOTS, "painted.png"))


def queue_and_stop(program, tree):
    program.forget()
    press("ctrl+l")
    press("ctrl+Return", "ctrl+Return")
    program.wait("TOAST 待ち行列に追加しました(2 番目)")
    program.wait_for_step(2)
    press("Escape")
    program.wait("CANCELLED", 30)
    # What waited goes on.
    program.wait("DONE", 180)
    program.wait("SAVED")
    assert program.count("GENERATE") == 2
    assert program.count("SAVED") == 1


def take_settings_over(program, tree):
    set_text(prompt_of(tree), "犬")
    program.wait("BUFFER [犬]")
    program.forget()
    push(tree, "設定を読み込む")
    program.wait("BUFFER [猫 油絵]")


def same_picture_again(program):
    """再実行 gives the same file but for its name."""
    before = program.wait("SAVED").split(" ", 1)[1]
    program.forget()
    press("ctrl+shift+r")
    program.wait("DONE", 180)
    after = program.wait("SAVED").split(" ", 1)[1]
    with open(before, "rb") as first, open(after, "rb") as second:
        assert first.read() == second.read(), "the same settings gave another picture"
    program.wait("COMPARED 再現 ✓ 同じ絵になりました")


def trash_and_undo(program, tree):
    strip = find(tree, "今回描いた絵")
    studio = strip.get_parent().get_parent().get_parent()

    def thumbnails():
        return sum(node.get_role_name() == "list item" for node in walk(strip))
    count = thumbnails()
    push(studio, "ごみ箱へ")
    program.wait("TRASHED")
    # The toolkit says the words of a toast's button twice.
    undo = wait_until(lambda: named(studio, "元に戻す"), "the offer to undo")
    Atspi.Action.do_action(undo, 0)
    wait_until(lambda: thumbnails() == count, "the picture back")


def survive_kill(program, tree):
    """Typed a second ago, killed now: it is there again."""
    set_text(prompt_of(tree), "書きかけの言葉")
    program.wait("BUFFER [書きかけの言葉]")
    time.sleep(1.0)
    program.kill()
    again = start()
    tree = application(again)
    wait_until(lambda: text_of(prompt_of(tree)) == "書きかけの言葉", "the draft")
    return again, tree


def fit_narrow(program, tree):
    program.resize(360, 640)
    time.sleep(0.5)
    shoot(os.path.join(SHOTS, "narrow-prompt.png"))
    program.forget()
    set_text(prompt_of(tree), "猫")
    push(tree, "生成")
    program.wait("SAVED", 180)
    time.sleep(0.5)
    shoot(os.path.join(SHOTS, "narrow-picture.png"))
    push(tree, "プロンプトに戻る")


def main():
    check_needs()
    program = start()
    tree = application(program)
    try:
        check_names(tree)
        paint(program, tree)
        queue_and_stop(program, tree)
        same_picture_again(program)
        take_settings_over(program, tree)
        trash_and_undo(program, tree)
        program, tree = survive_kill(program, tree)
        fit_narrow(program, tree)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "window-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
