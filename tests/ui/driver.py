"""driver.py: Eshi driven as its user drives it: keys, pointer, and the accessibility tree.

Runs inside tests/ui/rig. Nothing here sleeps for luck: the program writes a test log, and tests wait for its lines.

SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

FOLDER = os.environ["RIG_FOLDER"]


class Failed(Exception):
    """Something was waited for and did not come."""


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def wait_until(check, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = check()
        except GLib.Error:
            found = None  # a part of the window went while it was looked at, or the machine is busy
        if found:
            return found
        time.sleep(0.03)
    raise Failed(f"waited {seconds} s for {what}")


class Program:
    """The program under test."""

    def __init__(self, command, environment=None):
        self.log_path = os.path.join(FOLDER, f"test-{time.monotonic_ns()}.log")
        open(self.log_path, "w").close()
        env = dict(os.environ, ESHI_TEST_LOG=self.log_path, **(environment or {}))
        self.output = open(self.log_path + ".out", "w+")
        self.process = subprocess.Popen(command, env=env, stdout=self.output, stderr=subprocess.STDOUT)
        self.mark = 0

    def lines(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read().splitlines()

    def forget(self):
        """Waits and counts look only at what comes after this."""
        self.mark = len(self.lines())

    def count(self, start):
        return sum(line.startswith(start) for line in self.lines()[self.mark:])

    def wait(self, start, seconds=20):
        """Waits for a line that begins with START, and returns it."""
        def check():
            if self.process.poll() is not None:
                raise Failed(f"the program ended with status {self.process.returncode}, waiting for {start}")
            for line in self.lines()[self.mark:]:
                if line.startswith(start):
                    return line
            return None
        return wait_until(check, f"the line '{start}'", seconds)

    def wait_for_step(self, step, seconds=120):
        """Waits until at least STEP steps are done: of a burst only the newest is told."""
        def check():
            done = [int(line.split()[1].split("/")[0]) for line in self.lines()[self.mark:]
                    if line.startswith("PROGRESS")]
            return done and done[-1] >= step
        wait_until(check, f"step {step}", seconds)

    def wait_for_window(self):
        self.wait("FIRST_FRAME")
        window = run("xdotool", "search", "--sync", "--onlyvisible", "--pid", str(self.process.pid)).split()[-1]
        run("xdotool", "windowfocus", "--sync", window)
        self.window = window
        return window

    def focused_window(self):
        """The window that has the keyboard, or nothing while it goes from one to the next."""
        return subprocess.run(["xdotool", "getwindowfocus"], check=False, capture_output=True, text=True).stdout.strip()

    def leave_window(self):
        """Closes the window before the first one with Escape. The window manager moves the keyboard some time after a
        window has come or gone, and a key that is pressed meanwhile is lost."""
        wait_until(lambda: self.focused_window() not in ("", self.window), "another window to have the keyboard")
        press("Escape")
        wait_until(lambda: self.focused_window() == self.window, "the first window to have the keyboard again")

    def resize(self, width, height):
        run("xdotool", "windowsize", "--sync", self.window, str(width), str(height))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.terminate()
        self.process.wait()

    def report(self):
        self.output.seek(0)
        return "\n".join(self.lines()) + "\n--- output\n" + self.output.read()


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def press(*keys):
    run("xdotool", "key", *keys)


def write(text):
    run("xdotool", "type", "--delay", "40", text)


def shoot(path, window="root"):
    run("import", "-window", window, path)


# --- the accessibility tree ---------------------------------------------------------------------------------------

def walk(node):
    yield node
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child)


def application(program):
    """The tree of PROGRAM itself: one that was killed stays in the list for a while."""
    Atspi.init()
    Atspi.set_timeout(10000, 30000)

    def check():
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child is not None and child.get_process_id() == program.process.pid:
                return child
        return None
    return wait_until(check, "the program in the accessibility tree")


def find(root, name, role=None):
    def check():
        for node in walk(root):
            if node.get_name() == name and (role is None or node.get_role_name() == role):
                return node
        return None
    return wait_until(check, f"{role or 'something'} named {name}", 8)


def push(root, name, role="push button"):
    Atspi.Action.do_action(find(root, name, role), 0)


def text_of(node):
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))


def set_text(node, text):
    Atspi.EditableText.set_text_contents(node, text)


def outline(root):
    """The tree as text, to read when a test fails."""
    lines = []

    def visit(node, depth):
        lines.append("  " * depth + f"{node.get_role_name()} '{node.get_name()}'")
        for i in range(node.get_child_count()):
            child = node.get_child_at_index(i)
            if child is not None:
                visit(child, depth + 1)
    try:
        visit(root, 0)
    except GLib.Error as error:
        lines.append(str(error))
    return "\n".join(lines)
