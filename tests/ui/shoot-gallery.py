#!/usr/bin/python3
"""shoot-gallery.py: pictures of the gallery for the documents; run by tools/screenshot.

Paints sixty pictures first, which takes minutes, unless $ESHI_PAINTED, a folder for pictures, has those of an earlier
run. SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import application, find, press, push, wait_until, walk  # noqa: E402
import shoot  # noqa: E402

SUBJECTS = ("猫", "富士山", "薔薇", "パンダ", "狐", "りんご", "桜", "天狗", "金魚", "城")
STYLES = ("油絵", "水彩画", "浮世絵", "ドット絵", "鉛筆画", "イラスト")
PICTURES = os.path.join(os.environ["HOME"], "Pictures")


def paint():
    painted = os.environ.get("ESHI_PAINTED")
    if painted and os.path.isdir(painted):
        shutil.copytree(painted, PICTURES, dirs_exist_ok=True)
        return
    prompts = os.path.join(os.environ["RIG_FOLDER"], "prompts.txt")
    with open(prompts, "w", encoding="utf-8") as file:
        file.writelines(f"{subject} {style}\n" for style in STYLES for subject in SUBJECTS)
    subprocess.run([os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--seed=5",
                    f"--prompts={prompts}"], check=True)
    if painted:
        shutil.copytree(PICTURES, painted)


def start(look="light"):
    program = shoot.start(look)
    press("ctrl+2")
    program.wait("VIEW gallery")
    return program


def shoot_window(program, name):
    time.sleep(1.5)
    shoot.shoot_window(program, name)


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
    shoot.wait_for_toasts()
    shoot_window(program, "gallery-info.png")
    press("F9")
    time.sleep(1)


def shoot_compare(program, tree):
    press("Home", "shift+Right", "shift+Right")
    program.forget()
    push(tree, "くらべる")
    wait_until(lambda: program.count("COMPARED") == 3, "three pictures")
    shoot_window(program, "gallery-compare.png")
    press("Escape")


def shoot_empty():
    program = start()
    try:
        find(application(program), "絵を描く")
        shoot_window(program, "gallery-empty.png")
    finally:
        program.end()


def shoot_look(look):
    program = start(look)
    try:
        find(application(program), "60 枚")
        time.sleep(3)
        press("Right")
        shoot_window(program, f"gallery-{look}.png")
    finally:
        program.end()


def shoot_all():
    program = start()
    try:
        tree = application(program)
        find(tree, "60 枚")
        time.sleep(3)
        mark()
        shoot.wait_for_toasts()
        shoot_window(program, "gallery.png")
        shoot_compare(program, tree)
        shoot_info(program, tree)
        shoot.narrow(program)
        shoot_window(program, "gallery-narrow.png")
    finally:
        program.end()


def main():
    shoot_empty()
    # The history takes in what it finds in the folder when it is new.
    shutil.rmtree(os.path.join(os.environ["XDG_DATA_HOME"], "eshi"))
    paint()
    shoot_look("dark")
    shoot_look("contrast")
    shoot_all()


if __name__ == "__main__":
    main()
