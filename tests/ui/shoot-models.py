#!/usr/bin/python3
"""shoot-models.py: pictures of the first run and of the list of models for the documents; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Atspi, Program, application, press, push, run, shoot, wait_until, walk  # noqa: E402

SHOTS = os.environ["ESHI_SHOTS"]


def open_models(program):
    press("ctrl+comma")
    program.wait("PREFERENCES")
    tree = application(program)
    push(tree, "ファイル", "page tab")
    button = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "push button" and
                                      (node.get_name() or "").startswith("モデルの管理")), None), "the button")
    Atspi.Action.do_action(button, 0)
    program.wait("MANAGER")


def shoot_window(name, file):
    """The window titled NAME, without the desktop around it."""
    window = wait_until(lambda: run("xdotool", "search", "--onlyvisible", "--name", f"^{name}$").split(), name)[-1]
    time.sleep(1)
    path = os.path.join(SHOTS, file)
    shoot(path, window)
    run("mogrify", "-trim", "+repage", path)


def main():
    program = Program([os.environ["ESHI_PROGRAM"]])
    try:
        program.wait_for_window()
        program.wait("FIRST_RUN shown")
        program.resize(1280, 800)
        time.sleep(1)
        shoot(os.path.join(SHOTS, "first-run.png"), program.window)
        open_models(program)
        shoot_window("モデル", "models.png")
    finally:
        program.end()


if __name__ == "__main__":
    main()
