#!/usr/bin/python3
"""shoot-seeds.py: pictures of 種くらべ and 工程 for the documents; run by tools/screenshot.

SPDX-License-Identifier: MIT
"""

import importlib.util
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Atspi, application, find, press, set_text, walk  # noqa: E402

spec = importlib.util.spec_from_file_location("shoot_window", os.path.join(os.path.dirname(__file__), "shoot.py"))
shoot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shoot)

PROMPT = sys.argv[1] if len(sys.argv) > 1 else "富士山 浮世絵"


def main():
    program = shoot.start()
    try:
        prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
        set_text(prompt, PROMPT)
        program.wait(f"BUFFER [{PROMPT}]")
        press("ctrl+k")
        program.wait("SEEDS ready", 180)
        press("2", "5", "7")
        time.sleep(0.5)
        shoot.shoot_window(program, "seeds.png")
        shoot.narrow(program)
        shoot.shoot_window(program, "seeds-narrow.png")
        program.resize(shoot.WIDTH, shoot.HEIGHT)
        time.sleep(1)
        press("Escape")
        press("ctrl+l", "ctrl+Return")
        program.wait("SAVED", 120)
        shoot.wait_for_toasts()
        press("ctrl+shift+k")
        program.wait("STEPS 25/25", 120)
        Atspi.Value.set_current_value(find(application(program), "ステップ", "slider"), 5)
        time.sleep(0.5)
        shoot.shoot_window(program, "steps.png")
    finally:
        program.end()


if __name__ == "__main__":
    main()
