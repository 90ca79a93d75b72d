#!/usr/bin/python3
"""shoot.py: pictures of the window for the documents; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Program, application, press, run, set_text, shoot, walk  # noqa: E402

SHOTS = os.environ["ESHI_SHOTS"]
WIDTH, HEIGHT = 1280, 800

# Painted in this order, all with one seed: the last one is shown large, the others stand in the filmstrip.
SEED = 5
PROMPTS = ["虹 水彩画", "桜 水彩画", "りんご 油絵", "パンダ ドット絵", "富士山 浮世絵", "狐 油絵", "サラリーマン 油絵"]

# The program's own draft file: writing it before the start is the quickest way to a locked seed.
DRAFT = """[Settings]
prompt=
negative-prompt=
seed={seed}
seed-locked=true
n-images=1
steps={steps}
guidance={guidance}
sampler={sampler}
width={width}
height={height}

[Window]
width={window_width}
height={window_height}
maximized=false
"""


def write_draft():
    with open(os.path.join(os.environ["ESHI_MODEL_DIR"], "mame", "eshi.json"), encoding="utf-8") as file:
        model = json.load(file)
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT.format(seed=SEED, steps=model["steps"], guidance=model["guidance"],
                                sampler=model["sampler"].replace("_", "-"), width=model["width"],
                                height=model["height"], window_width=WIDTH, window_height=HEIGHT))


def start(dark):
    write_draft()
    program = Program([os.environ["ESHI_PROGRAM"]], {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"} if dark else {})
    window = program.wait_for_window()
    program.wait("MODELS")
    run("xdotool", "windowmove", window, "0", "0")
    return program


def shoot_window(program, name):
    path = os.path.join(SHOTS, name)
    shoot(path, program.window)
    # Without a compositor the shadow's margin is black; cut it off.
    run("mogrify", "-trim", "+repage", path)


def paint_all(program, name, painting_name=None):
    tree = application(program)
    prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
    for words in PROMPTS:
        set_text(prompt, words)
        program.wait(f"BUFFER [{words}]")
        program.forget()
        press("ctrl+l", "ctrl+Return")
        if painting_name is not None and words == PROMPTS[-1]:
            program.wait_for_step(12)
            time.sleep(0.15)
            shoot_window(program, painting_name)
        program.wait("SAVED", 180)
    # The toast about the saved file goes by itself.
    time.sleep(5)
    shoot_window(program, name)


def main():
    for dark, name, painting in ((False, "window.png", "window-painting.png"), (True, "window-dark.png", None)):
        program = start(dark)
        try:
            paint_all(program, name, painting)
        finally:
            program.end()


if __name__ == "__main__":
    main()
