#!/usr/bin/python3
"""shoot-mask.py: a picture of the mask being painted, for the guide; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import application, press, run, set_text, walk  # noqa: E402
from shoot import HEIGHT, WIDTH, shoot_window, start, wait_for_toasts  # noqa: E402

WORDS = "りんご 油絵"


def paint(program):
    prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
    set_text(prompt, WORDS)
    program.wait(f"BUFFER [{WORDS}]")
    program.forget()
    press("ctrl+l", "ctrl+Return")
    program.wait("SAVED", 180)
    wait_for_toasts()


def paint_mask(program):
    press("ctrl+shift+i")
    time.sleep(2)
    program.forget()
    press("ctrl+m")
    program.wait("MASK_BEGUN")
    time.sleep(1)
    # Strokes from side to side over the upper middle of the picture.
    points = [(WIDTH * (0.50 + 0.16 * (i % 2)), HEIGHT * (0.30 + 0.03 * i)) for i in range(8)]
    run("xdotool", "mousemove", *(str(round(place)) for place in points[0]))
    run("xdotool", "mousedown", "1")
    for point in points[1:]:
        run("xdotool", "mousemove", *(str(round(place)) for place in point))
        time.sleep(0.1)
    run("xdotool", "mouseup", "1")
    program.wait("STROKE")
    time.sleep(1)


def main():
    program = start()
    try:
        paint(program)
        paint_mask(program)
        shoot_window(program, "mask.png")
    finally:
        program.end()


if __name__ == "__main__":
    main()
