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
NARROW_PROMPT = "猫 油絵"

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


# How the desktop wants its programs to look.
LOOKS = {
    "light": {},
    "dark": {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"},
    "contrast": {"ADW_DEBUG_HIGH_CONTRAST": "1"},
    "contrast-dark": {"ADW_DEBUG_HIGH_CONTRAST": "1", "ADW_DEBUG_COLOR_SCHEME": "prefer-dark"},
}


def write_draft():
    with open(os.path.join(os.environ["ESHI_MODEL_DIR"], "mame", "eshi.json"), encoding="utf-8") as file:
        model = json.load(file)
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT.format(seed=SEED, steps=model["steps"], guidance=model["guidance"],
                                sampler=model["sampler"].replace("_", "-"), width=model["width"],
                                height=model["height"], window_width=WIDTH, window_height=HEIGHT))


def start(look="light"):
    write_draft()
    program = Program([os.environ["ESHI_PROGRAM"]], LOOKS[look])
    window = program.wait_for_window()
    program.wait("MODELS")
    run("xdotool", "windowmove", window, "0", "0")
    run("xdotool", "mousemove", "1279", "799")
    return program


def narrow(program):
    """As narrow as a telephone, with GTK's border of five pixels at each side."""
    program.resize(370, 640)
    # Its parts fold one after the other.
    time.sleep(2)


def wait_for_toasts():
    """They go by themselves, the offers to undo after ten seconds."""
    time.sleep(11)


def shoot_window(program, name):
    path = os.path.join(SHOTS, name)
    shoot(path, program.window)
    # Without a compositor the shadow's margin is black; cut it off.
    run("mogrify", "-trim", "+repage", path)


def write_words(program, words):
    prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
    set_text(prompt, words)
    program.wait(f"BUFFER [{words}]")


def paint_all(program, name, painting_name=None):
    for words in PROMPTS:
        write_words(program, words)
        program.forget()
        press("ctrl+l", "ctrl+Return")
        if painting_name is not None and words == PROMPTS[-1]:
            program.wait_for_step(12)
            time.sleep(0.15)
            shoot_window(program, painting_name)
        program.wait("SAVED", 180)
    wait_for_toasts()
    shoot_window(program, name)


def shoot_narrow(program):
    """What is written, and what is painted: at such a width there is room for one of them."""
    narrow(program)
    press("ctrl+l")
    time.sleep(1)
    shoot_window(program, "window-narrow.png")
    write_words(program, NARROW_PROMPT)
    program.forget()
    press("ctrl+Return")
    program.wait("SAVED", 180)
    wait_for_toasts()
    shoot_window(program, "window-narrow-picture.png")


def main():
    for look, name, painting in (("light", "window.png", "window-painting.png"), ("dark", "window-dark.png", None),
                                 ("contrast", "window-contrast.png", None),
                                 ("contrast-dark", "window-contrast-dark.png", None)):
        program = start(look)
        try:
            paint_all(program, name, painting)
            if look == "light":
                shoot_narrow(program)
        finally:
            program.end()


if __name__ == "__main__":
    main()
