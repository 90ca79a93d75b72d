#!/usr/bin/python3
"""shoot-gallery.py: pictures of the gallery for the documents; run by tools/screenshot.

Paints sixty pictures first, which takes minutes; $ESHI_PAINTED names a folder for pictures with those that an earlier
run has painted. SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Program, application, find, press, push, run, shoot, wait_until, walk  # noqa: E402

SHOTS = os.environ["ESHI_SHOTS"]
SUBJECTS = ("猫", "富士山", "薔薇", "パンダ", "狐", "りんご", "桜", "天狗", "金魚", "城")
STYLES = ("油絵", "水彩画", "浮世絵", "ドット絵", "鉛筆画", "イラスト")
PICTURES = os.path.join(os.environ["HOME"], "Pictures")


def paint():
    painted = os.environ.get("ESHI_PAINTED")
    if painted:
        shutil.copytree(painted, PICTURES, dirs_exist_ok=True)
        return
    prompts = os.path.join(os.environ["RIG_FOLDER"], "prompts.txt")
    with open(prompts, "w", encoding="utf-8") as file:
        file.writelines(f"{subject} {style}\n" for style in STYLES for subject in SUBJECTS)
    subprocess.run([os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--seed=5",
                    f"--prompts={prompts}"], check=True)


def start(dark):
    program = Program([os.environ["ESHI_PROGRAM"]], {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"} if dark else {})
    window = program.wait_for_window()
    program.wait("MODELS")
    run("xdotool", "windowmove", window, "0", "0")
    run("xdotool", "mousemove", "1270", "790")
    program.resize(1280, 800)
    press("ctrl+2")
    program.wait("VIEW gallery")
    return program


def shoot_window(program, name):
    time.sleep(1.5)
    path = os.path.join(SHOTS, name)
    shoot(path, program.window)
    # Without a compositor the shadow's margin is black; cut it off.
    run("mogrify", "-trim", "+repage", path)


def mark():
    """Hearts and stars on some of the first pictures."""
    press("Right", "f", "Right", "4", "Right", "Right", "5", "f", "Down", "3", "Left", "f")


def shoot_info(program, tree):
    press("Home", "Right")
    program.forget()
    press("ctrl+shift+r")
    program.wait("SAVED", 180)
    program.forget()
    press("ctrl+2")
    program.wait("VIEW gallery")
    time.sleep(6)
    press("Right", "Home", "f", "5", "F9")
    wait_until(lambda: any(node.get_name() == "家系" for node in walk(tree)), "the family")
    shoot_window(program, "gallery-info.png")
    press("F9")
    time.sleep(1)


def shoot_compare(program, tree):
    press("Home", "shift+Right", "shift+Right", "shift+Right")
    push(tree, "くらべる")
    program.wait("COMPARED 3")
    shoot_window(program, "gallery-compare.png")
    press("Escape")


def shoot_empty():
    program = start(False)
    try:
        find(application(program), "絵を描く")
        shoot_window(program, "gallery-empty.png")
    finally:
        program.end()


def shoot_full(dark):
    program = start(dark)
    try:
        tree = application(program)
        find(tree, "60 枚")
        time.sleep(3)
        if dark:
            shoot_window(program, "gallery-dark.png")
            return
        mark()
        shoot_window(program, "gallery.png")
        shoot_compare(program, tree)
        shoot_info(program, tree)
        # Twice: the window becomes that narrow only when its parts have folded.
        program.resize(480, 640)
        time.sleep(1)
        program.resize(360, 640)
        shoot_window(program, "gallery-narrow.png")
    finally:
        program.end()


def main():
    shoot_empty()
    # The history takes in what it finds in the folder when it is new.
    shutil.rmtree(os.path.join(os.environ["XDG_DATA_HOME"], "eshi"))
    paint()
    shoot_full(True)
    shoot_full(False)


if __name__ == "__main__":
    main()
