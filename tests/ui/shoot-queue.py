#!/usr/bin/python3
"""shoot-queue.py: pictures of the queue for the documents; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Program, application, press, run, set_text, walk  # noqa: E402
from shoot import narrow, shoot_window  # noqa: E402

PROMPTS = ["狐 油絵", "サラリーマン 油絵", "富士山 浮世絵", "金魚 水彩画", "パンダ ドット絵"]
# Slow enough to be looked at.
DRAFT = """[Settings]
prompt=
negative-prompt=
seed=5
seed-locked=true
n-images=1
steps={steps}
guidance=2
sampler=dpmpp-2m
width=128
height=128
"""


def write_draft(steps):
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT.format(steps=steps))


def fill(program):
    """The first is cancelled, the second is being painted, the others wait."""
    prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
    for words in PROMPTS:
        set_text(prompt, words)
        program.wait(f"BUFFER [{words}]")
        press("ctrl+l", "ctrl+Return")
        program.wait(f"KEPT [{words}]")
        if words == PROMPTS[0]:
            program.wait_for_step(60)
            press("Escape")
            program.wait("CANCELLED")
            program.forget()


def show_queue(program):
    press("ctrl+3")
    program.wait("VIEW queue")
    time.sleep(0.5)


def main():
    write_draft(150)
    program = Program([os.environ["ESHI_PROGRAM"]])
    window = program.wait_for_window()
    try:
        program.wait("MODELS")
        run("xdotool", "windowmove", window, "0", "0")
        run("xdotool", "mousemove", "1279", "799")
        program.resize(1000, 700)
        show_queue(program)
        shoot_window(program, "queue-empty.png")
        press("ctrl+1")
        fill(program)
        show_queue(program)
        program.wait_for_step(20)
        shoot_window(program, "queue.png")
        narrow(program)
        shoot_window(program, "queue-narrow.png")
    finally:
        program.end()


if __name__ == "__main__":
    main()
