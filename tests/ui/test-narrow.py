#!/usr/bin/python3
"""test-narrow.py: a wide window that the window manager makes narrow at once becomes as narrow as a telephone.

Every view at 360 × 640, in Japanese and in the C locale. Whether all of it is to be seen then, test-ui-narrow.c asks the
widgets. Run by tests/ui/rig --as-user.

SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, forget_everything, paint, start
    from driver import Failed, press, run, shoot, wait_until
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

LOCALES = {"ja": ("ja_JP.UTF-8", "猫 油絵"), "C": ("C.UTF-8", "cat")}
WIDE = 1200, 780
# Without a compositor GTK draws a border of five pixels at each side, where one takes hold of the window.
BORDER = 10
NARROW = 360 + BORDER, 640


class Narrow:
    """The program in one language."""

    def __init__(self, language):
        locale, prompt = LOCALES[language]
        self.language = language
        forget_everything()
        self.program = start(prompt, environment={"LC_ALL": locale})

    def size(self):
        lines = dict(line.split("=", 1) for line in
                     run("xdotool", "getwindowgeometry", "--shell", self.program.window).splitlines())
        return int(lines["WIDTH"]), int(lines["HEIGHT"])

    def resize(self, wanted):
        """Asks the window manager once, which respects what the window says that it needs."""
        run("xdotool", "windowsize", self.program.window, str(wanted[0]), str(wanted[1]))
        wait_until(lambda: self.size() == wanted, f"{wanted}, it stays at {self.size()}", 5)

    def look(self, view):
        """Narrows the window while VIEW is shown, takes a picture of it, and makes it wide again."""
        self.resize(NARROW)
        shoot(os.path.join(SHOTS, f"narrow-{self.language}-{view}.png"), self.program.window)
        self.resize(WIDE)

    def show(self, key, line):
        self.program.forget()
        press(key)
        self.program.wait(line, 60)

    def run(self):
        self.resize(WIDE)
        self.look("first")
        paint(self.program)
        self.look("studio")
        self.show("ctrl+2", "VIEW gallery")
        self.look("gallery")
        self.show("ctrl+3", "VIEW queue")
        self.look("queue")
        self.show("ctrl+1", "VIEW studio")
        self.show("ctrl+k", "SHEET shown")
        self.look("seeds")


def main():
    check_needs()
    for language in LOCALES:
        narrow = Narrow(language)
        try:
            narrow.run()
        except (Failed, subprocess.CalledProcessError) as error:
            print("FAILED:", error)
            print(narrow.program.report())
            shoot(os.path.join(SHOTS, "narrow-failed.png"))
            return 1
        finally:
            narrow.program.end()
        print(f"# {language}: every view becomes {NARROW[0]} pixels wide, {BORDER} of them the border")
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
