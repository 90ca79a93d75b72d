#!/usr/bin/python3
"""test-gallery.py: the gallery from outside: paint, find, take away and back, paint again, take settings over, look
large, and a file that is gone.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Failed, Program, application, find, outline, press, push, run, set_text, shoot, skip, text_of,
                        wait_until, walk, write)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
PROMPTS = ("猫 油絵", "fox 水彩画")

# Few steps: what is tested is not how well it paints.
DRAFT = """[Settings]
prompt=
seed=5
seed-locked=true
n-images=1
steps=3
guidance=2
sampler=euler
width=128
height=128
"""


def check_needs():
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    for program in ("xdotool", "import"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def write_draft():
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(DRAFT)


def show(program, view):
    program.forget()
    press("ctrl+2" if view == "gallery" else "ctrl+1")
    program.wait(f"VIEW {view}")


def check_empty(program, tree):
    show(program, "gallery")
    find(tree, "絵を描く")
    program.forget()
    push(tree, "絵を描く")
    program.wait("VIEW studio")


def paint(program, tree):
    """The paths of the pictures, in the order of the prompts."""
    prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
    paths = []
    for words in PROMPTS:
        set_text(prompt, words)
        program.wait(f"BUFFER [{words}]")
        program.forget()
        press("ctrl+l", "ctrl+Return")
        paths.append(program.wait("SAVED", 180).split(" ", 1)[1])
    return paths


def search(program, tree):
    """Also what the search found nothing for is said."""
    show(program, "gallery")
    program.forget()
    press("ctrl+f")
    write("fox")
    program.wait("SEARCH [fox]")
    wait_until(lambda: program.lines()[-1] == "FOUND 1", "the one picture with a fox")
    program.forget()
    write("xyz")
    program.wait("FOUND 0")
    wait_until(lambda: any("「foxxyz」" in (node.get_name() or "") for node in walk(tree)), "what was searched for")
    program.forget()
    push(tree, "検索と絞り込みを解除")
    program.wait("FOUND 2")


def select_newest(program):
    """Coming from the other view, the pictures have the keyboard."""
    show(program, "studio")
    show(program, "gallery")
    press("Right", "Home")


def trash_and_undo(program, paths):
    select_newest(program)
    press("ctrl+a")
    program.forget()
    press("Delete")
    program.wait("TOAST 2 枚をごみ箱へ移しました")
    program.wait("FOUND 0")
    assert not any(os.path.exists(path) for path in paths), "a file in the trash is still in its place"
    press("ctrl+z")
    program.wait("RESTORED 2")
    program.wait("FOUND 2")
    assert all(os.path.exists(path) for path in paths), "a file did not come back"


def paint_again(program, paths):
    """再実行 gives the same bytes, also when the file is gone."""
    with open(paths[1], "rb") as file:
        before = file.read()
    os.unlink(paths[1])
    select_newest(program)
    program.forget()
    press("ctrl+shift+r")
    program.wait("VIEW studio")
    after = program.wait("SAVED", 180).split(" ", 1)[1]
    with open(after, "rb") as file:
        assert file.read() == before, "the same settings gave another picture"


def take_settings_over(program, tree):
    prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
    set_text(prompt, "犬")
    program.wait("BUFFER [犬]")
    show(program, "gallery")
    press("Home", "End")
    program.forget()
    gallery = find(tree, "ギャラリーの絵").get_parent().get_parent().get_parent().get_parent().get_parent().get_parent()
    push(gallery, "設定を読み込む")
    program.wait("VIEW studio")
    wait_until(lambda: text_of(prompt) == PROMPTS[0], "the prompt of the oldest picture")


def kill_and_start(program):
    """Ends the program with kill -9 when it has written down what the input picture is, and starts it again."""
    path = os.path.join(os.environ["XDG_STATE_HOME"], "eshi", "draft", "input.ini")
    wait_until(lambda: os.path.exists(path) and "parent=1\n" in open(path, encoding="utf-8").read(), "the kept parent")
    program.kill()
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    program.wait("INPUT_RESTORED mask=0 parent=1")
    return program


def start_from(program, tree):
    """この画像から: what is painted over the oldest picture is its child, also after kill -9, and the family says so."""
    show(program, "gallery")
    press("Home", "End")
    program.forget()
    press("ctrl+shift+i")
    program.wait("INPUT_PARENT 1")
    program = kill_and_start(program)
    tree = application(program)
    press("ctrl+l", "ctrl+Return")
    program.wait("SAVED", 180)
    found = json.loads(run(os.environ["ESHI_CLI"], "history", "list", "--limit=1", "--json"))["pictures"][0]
    assert found["parent"] == 1, f"{found['id']} comes from {found['parent']}"
    program.forget()
    push(tree, "元の画像を外す")
    show(program, "gallery")
    press("Right", "Home", "F9")
    wait_until(lambda: any(node.get_name() == "家系" for node in walk(tree)), "the family")
    press("F9")
    show(program, "studio")
    return program, tree


def look_large(program):
    show(program, "gallery")
    press("End")
    program.forget()
    press("space")
    program.wait("SHOWN")
    press("Escape")
    program.wait("PAGE grid")


def main():
    check_needs()
    write_draft()
    program = Program([os.environ["ESHI_PROGRAM"]])
    tree = None
    try:
        program.wait_for_window()
        program.wait("MODELS")
        tree = application(program)
        check_empty(program, tree)
        paths = paint(program, tree)
        search(program, tree)
        trash_and_undo(program, paths)
        paint_again(program, paths)
        take_settings_over(program, tree)
        program, tree = start_from(program, tree)
        look_large(program)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        if tree is not None:
            print(outline(tree))
        shoot(os.path.join(SHOTS, "gallery-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
