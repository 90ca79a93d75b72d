#!/usr/bin/python3
"""test-settings.py: settings of the whole program, as the artist meets them: opened by a key, in force at once.

Run inside tests/ui/rig. SPDX-License-Identifier: MIT
"""

import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import (Atspi, Failed, Program, application, find, outline, press, push, set_text, skip, text_of,  # noqa: E402
                    wait_until, walk)

MODEL = os.environ.get("ESHI_MODEL_DIR", os.path.join(os.environ["ESHI_SOURCE_ROOT"], "data", "model"))
PICTURES = os.path.join(os.environ["HOME"], "Pictures", "Eshi")
STYLES = os.path.join(os.environ["XDG_CACHE_HOME"], "eshi", "styles")
N_STYLES = 6
MORE_MODELS = os.path.join(os.environ["HOME"], "模型")
FOLDER_LIST = os.path.join(os.environ["XDG_CONFIG_HOME"], "eshi", "model-folders")


def added_folders():
    with open(FOLDER_LIST, encoding="utf-8") as file:
        return file.read().splitlines()


def add_folder():
    """As the program would have in an earlier run."""
    os.makedirs(MORE_MODELS)
    os.makedirs(os.path.dirname(FOLDER_LIST), exist_ok=True)
    with open(FOLDER_LIST, "w", encoding="utf-8") as file:
        file.write(MORE_MODELS + "\n")


def start():
    program = Program([os.environ["ESHI_PROGRAM"]], {"ESHI_MODEL_DIR": MODEL})
    program.wait_for_window()
    program.wait("MODELS")
    return program


def paint(program, words):
    """Returns the file of the picture."""
    prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
    set_text(prompt, words)
    program.wait(f"BUFFER [{words}]")
    program.forget()
    press("ctrl+l", "ctrl+Return")
    return program.wait("SAVED", 180).split(" ", 1)[1]


def test_file_names(program):
    """A pattern that is typed names the next picture; one that cannot be used does not."""
    press("ctrl+comma")
    program.wait("PREFERENCES")
    tree = application(program)
    push(tree, "ファイル", "page tab")
    entry = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "text" and
                                     text_of(node) == "{number}-{seed}"), None), "the entry for names")
    set_text(entry, "{prompt} {number}")
    set_text(entry, "{prompt}/{number}")
    program.leave_window()
    path = paint(program, "赤い林檎")
    if os.path.basename(path) != "赤い林檎 0001.png":
        raise Failed(f"the file is called {path}")


def test_engine(program):
    """Another number of threads opens another engine, which paints."""
    program.forget()
    press("ctrl+comma")
    program.wait("PREFERENCES")
    tree = application(program)
    push(tree, "装置", "page tab")
    program.wait("DEVICES")
    spin = find(tree, "スレッド数", "spin button")
    spin.get_value_iface().set_current_value(1)
    program.wait("ENGINE")
    program.leave_window()
    program.forget()
    paint(program, "青い林檎")


def push_undo(tree):
    """The toast's button, whose name goes on with the toast's words."""
    button = wait_until(lambda: next((node for node in walk(tree) if (node.get_name() or "").startswith("元に戻す") and
                                      node.get_role_name() == "push button"), None), "the offer to undo")
    Atspi.Action.do_action(button, 0)


def test_model_folders(program):
    """A folder is taken off the list and put back; what was set in the panel stays."""
    steps = find(application(program), "ステップ", "spin button")
    steps.get_value_iface().set_current_value(7)
    press("ctrl+comma")
    program.wait("PREFERENCES")
    tree = application(program)
    push(tree, "ファイル", "page tab")
    program.forget()
    push(tree, "「~/模型」で探すのをやめる")
    program.wait("MODELS")
    if MORE_MODELS in added_folders():
        raise Failed("the folder is still on the list")
    program.forget()
    push_undo(tree)
    program.wait("MODELS")
    if MORE_MODELS not in added_folders():
        raise Failed("the folder did not come back")
    # The first one may still go to the toast.
    press("Escape", "Escape")
    if steps.get_value_iface().get_current_value() != 7:
        raise Failed("the steps were changed")


def test_styles(program):
    """Small pictures come when nothing is asked; a request goes first."""
    left = False
    while not left:
        program.forget()
        program.wait("STYLE_BEGUN", 60)
        press("ctrl+l", "ctrl+Return")
        program.wait("STARTED")
        left = program.count("STYLE_LEFT") > 0
        program.wait("SAVED", 180)
        if not left and len(glob.glob(os.path.join(STYLES, "*", "*.png"))) == N_STYLES:
            raise Failed("no small picture was given up for a request")
    wait_until(lambda: len(glob.glob(os.path.join(STYLES, "*", "*.png"))) == N_STYLES, "all styles", 120)


def test_cached(program):
    """They are there at once the next time."""
    line = program.wait("STYLES")
    if line != f"STYLES {N_STYLES}":
        raise Failed(f"the program found {line}")


def run_tests(program, tests):
    for test in tests:
        try:
            test(program)
        except (Failed, subprocess.CalledProcessError) as error:
            print(f"FAILED {test.__name__}: {error}\n{program.report()}\n{outline(application(program))}")
            program.kill()
            sys.exit(1)
        print("passed:", test.__name__)


def main():
    if not os.path.exists(os.path.join(MODEL, "mame", "model_index.json")):
        skip("there is no finished model")
    if os.environ["RIG_JAPANESE"] != "yes":
        skip("there is no Japanese locale")
    add_folder()
    program = start()
    run_tests(program, (test_file_names, test_styles, test_engine, test_model_folders))
    program.kill()
    program = start()
    run_tests(program, (test_cached,))
    program.end()


if __name__ == "__main__":
    main()
