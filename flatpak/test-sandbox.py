#!/usr/bin/python3
"""test-sandbox.py APP FOLDER: Eshi as it was installed by Flatpak, from the command line and in its window.

FOLDER takes the screenshot. Run by tests/ui/rig with FLATPAK_USER_DIR in the environment; see test.

SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ui"))
from driver import (FOLDER, Atspi, Failed, Program, outline, press, push, set_text, shoot,  # noqa: E402
                    wait_until, walk)

APP, RESULTS = sys.argv[1:3]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def sandbox(*arguments, **environment):
    """The command that runs the program with ARGUMENTS in its sandbox; only the tests' own folder is let in besides."""
    values = {"ESHI_TEST_LOG": "", "GSK_RENDERER": "cairo", "LC_ALL": "ja_JP.UTF-8", **environment}
    return ["flatpak", "run", "--user", f"--filesystem={FOLDER}",
            *(f"--env={name}={value}" for name, value in values.items() if value), *arguments]


def command_line(*arguments):
    result = subprocess.run(sandbox("--command=eshi-cli", APP, *arguments), check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"eshi-cli {' '.join(arguments)}: {result.stderr}")
    return result.stdout


def check_command_line():
    """The embedded model paints, on the fast backend, and the picture lies where other programs find it."""
    devices = command_line("devices")
    print("#", devices.replace("\n", "\n# "))
    assert "* cpu" in devices, devices
    assert "flatpak install" in devices, "what is said of CUDA does not say how to get it"
    picture = os.path.join(FOLDER, "猫.png")
    command_line("generate", "-p", "猫 油絵", "--steps", "4", "-o", picture)
    with open(picture, "rb") as file:
        assert file.read(8) == SIGNATURE


def application():
    """The tree of the program, whose process has another number in here."""
    Atspi.init()
    Atspi.set_timeout(10000, 30000)
    desktop = Atspi.get_desktop(0)
    return wait_until(lambda: next((child for child in (desktop.get_child_at_index(i)
                                                        for i in range(desktop.get_child_count()))
                                    if child is not None and child.get_name() == "eshi"), None), "the program's tree", 30)


class Sandboxed(Program):
    def __init__(self):
        self.began_at = time.monotonic()
        log = os.path.join(FOLDER, f"test-{time.monotonic_ns()}.log")
        super().__init__(sandbox(APP, ESHI_TEST_LOG=log))
        open(log, "w").close()
        self.log_path = log


def first_frame(program):
    moment = int(program.wait("FIRST_FRAME", 60).split()[1]) / 1e6
    return (moment - program.began_at) * 1e3


def check_window():
    """A cold start, then a warm one, in which a picture is painted and saved."""
    program = Sandboxed()
    cold = first_frame(program)
    program.wait("MODELS")
    subprocess.run(["flatpak", "kill", APP], check=True)
    program.process.wait()
    program = Sandboxed()
    print(f"# first frame after {cold:.0f} ms cold, {first_frame(program):.0f} ms warm")
    program.wait("MODELS")
    tree = application()
    try:
        set_text(wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "text"), None),
                            "the prompt"), "猫 油絵")
        program.wait("BUFFER [猫 油絵]")
        push(tree, "生成")
        path = program.wait("SAVED", 180).split(" ", 1)[1]
        with open(path, "rb") as file:
            assert file.read(8) == SIGNATURE
        assert path.startswith(os.path.join(os.environ["HOME"], "Pictures", "Eshi")), path
        press("ctrl+2")
        program.wait("VIEW gallery")
        program.wait("FOUND 2")  # the command line painted one
        time.sleep(1)
        shoot(os.path.join(RESULTS, "sandbox.png"))
    except (Failed, AssertionError):
        print(program.report(), flush=True)
        print(outline(tree))
        shoot(os.path.join(RESULTS, "sandbox-failed.png"))
        raise
    finally:
        subprocess.run(["flatpak", "kill", APP], check=False)
        program.process.wait()


def main():
    try:
        check_command_line()
        check_window()
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
