#!/usr/bin/python3
"""shoot-settings.py: pictures of the settings for the documents; run by tools/screenshot.

Paints a picture first, so that the page about devices has measured something. SPDX-License-Identifier: MIT
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Program, application, press, push, run, set_text, shoot, wait_until, walk  # noqa: E402
from shoot import LOOKS  # noqa: E402

SHOTS = os.environ["ESHI_SHOTS"]
PAGES = (("装置", "settings.png"), ("ファイル", "settings-files.png"), ("全般", "settings-general.png"),
         ("安全", "settings-safety.png"))


def paint(program):
    tree = application(program)
    prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
    set_text(prompt, "猫 油絵")
    program.wait("BUFFER [猫 油絵]")
    press("ctrl+l", "ctrl+Return")
    program.wait("SAVED", 180)


def open_settings(program):
    press("ctrl+comma")
    program.wait("PREFERENCES")
    program.wait("SPEED", 60)
    program.wait("DEVICES", 60)
    program.wait("TYPE", 60)
    return wait_until(lambda: run("xdotool", "search", "--onlyvisible", "--name", "^設定$").split(), "the window")[-1]


def choose_page(tree, name):
    """Any of the view switchers: they show the same page."""
    push(tree, name, "page tab")


def shoot_pages(look, pages):
    program = Program([os.environ["ESHI_PROGRAM"]], LOOKS[look])
    try:
        program.wait_for_window()
        program.wait("MODELS")
        program.resize(1280, 800)
        paint(program)
        window = open_settings(program)
        tree = application(program)
        for page, name in pages:
            choose_page(tree, page)
            # The mark of the keyboard's focus goes with a click on nothing: the first one may only choose the window.
            for _ in range(2):
                run("xdotool", "mousemove", "--window", window, "30", "600", "click", "1")
                time.sleep(0.7)
            path = os.path.join(SHOTS, name)
            shoot(path, window)
            run("mogrify", "-trim", "+repage", path)
    finally:
        program.end()


def main():
    shoot_pages("light", PAGES)
    shoot_pages("dark", (("装置", "settings-dark.png"),))
    shoot_pages("contrast", (("装置", "settings-contrast.png"),))


if __name__ == "__main__":
    main()
