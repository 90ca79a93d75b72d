#!/usr/bin/python3
"""shoot-seeds.py: a picture of the contact sheet of seeds for the documents; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import importlib.util
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import application, press, set_text, walk  # noqa: E402

spec = importlib.util.spec_from_file_location("shoot_window", os.path.join(os.path.dirname(__file__), "shoot.py"))
shoot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shoot)

PROMPT = sys.argv[1] if len(sys.argv) > 1 else "富士山 浮世絵"


def main():
    program = shoot.start(False)
    try:
        prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
        set_text(prompt, PROMPT)
        program.wait(f"BUFFER [{PROMPT}]")
        press("ctrl+k")
        program.wait("SEEDS ready", 180)
        press("2", "5", "7")
        time.sleep(0.5)
        shoot.shoot_window(program, "seeds.png")
    finally:
        program.end()


if __name__ == "__main__":
    main()
