#!/usr/bin/python3
"""test-mask.py: an input picture and a mask, from outside: open a picture, paint over a part of it with the pointer,
generate, and look that what was left alone is the same to the pixel and what was painted is not.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Atspi, Failed, Program, application, find, outline, press, push, run, set_text, shoot, skip,
                        text_of, wait_until, walk)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
SIDE = 128
# Around the painted disc, in pixels of the picture: the soft edge of pasting, and whole latent pixels below it.
MARGIN = 24


def check_needs():
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    for program in ("xdotool", "import", "convert"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def pixels(path):
    """The pixels of a picture, as bytes [h, w, 3]."""
    return subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout


def make_input():
    """A photograph's stand-in without a word of settings in it."""
    path = os.path.join(os.environ["RIG_FOLDER"], "湖.png")
    run("convert", "-size", f"{SIDE}x{SIDE}", "gradient:#8fb7e8-#2c5f2d", "-depth", "8", "-strip", path)
    return path


def start(*arguments):
    program = Program([os.environ["ESHI_PROGRAM"], *arguments])
    program.wait_for_window()
    program.wait("MODELS")
    return program


def picture_place(program, tree):
    """Where the canvas draws the picture: left, top and side on the screen."""
    box = Atspi.Component.get_extents(find(tree, "元の画像", "image"), Atspi.CoordType.WINDOW)
    geometry = dict(re.findall(r"(\w+)=(-?\d+)", run("xdotool", "getwindowgeometry", "--shell", program.window)))
    side = min(box.width, box.height) - 24
    left = int(geometry["X"]) + box.x + (box.width - side) // 2
    top = int(geometry["Y"]) + box.y + (box.height - side) // 2
    return left, top, side


def drag(points, button="1"):
    """The pointer goes through POINTS, on the screen, with BUTTON held."""
    run("xdotool", "mousemove", *map(str, map(round, points[0])))
    run("xdotool", "mousedown", button)
    for point in points[1:]:
        run("xdotool", "mousemove", *map(str, map(round, point)))
    run("xdotool", "mouseup", button)


def paint_mask(program, tree):
    """A stroke across the middle, one beside it that is taken back, and one in a corner that is erased."""
    push(tree, "マスクを描く")
    program.wait("MASK_BEGUN")
    left, top, side = wait_until(lambda: picture_place(program, tree), "the input picture on the canvas")

    def at(x, y):
        return left + x * side / SIDE, top + y * side / SIDE
    program.forget()
    drag([at(48, 64), at(56, 60), at(64, 64), at(72, 68), at(80, 64)])
    program.wait("STROKE")
    program.forget()
    drag([at(10, 10), at(30, 12)])
    line = program.wait("STROKE")
    press("ctrl+z")
    shoot(os.path.join(SHOTS, "mask-painted.png"))
    press("ctrl+shift+z", "e", "bracketright", "bracketright")
    drag([at(6, 10), at(20, 11), at(34, 12)])
    press("ctrl+z", "ctrl+z")
    # Pieces of a stroke and the drawing of the veil, at the size of a window.
    longest = float(re.search(r"longest=([\d.]+)ms", line).group(1))
    print(f"# longest piece of a stroke or of drawing it: {longest} ms")
    press("Return")
    program.wait("MASK_ENDED")


def generate(program, tree):
    program.forget()
    set_text(next(node for node in walk(tree) if node.get_role_name() == "text"), "狐 油絵")
    program.wait("BUFFER [狐 油絵]")
    push(tree, "生成")
    return program.wait("SAVED", 180).split(" ", 1)[1]


def compare(before, after):
    """Outside the mask nothing differs, inside nearly everything does."""
    first, second = pixels(before), pixels(after)
    assert len(first) == len(second) == SIDE * SIDE * 3, (len(first), len(second))
    inside = changed = outside = 0
    for y in range(SIDE):
        for x in range(SIDE):
            i = (y * SIDE + x) * 3
            differs = first[i:i + 3] != second[i:i + 3]
            if 50 <= x < 78 and 62 <= y < 66:
                inside += 1
                changed += differs
            elif not (48 - MARGIN <= x < 80 + MARGIN and 60 - MARGIN <= y < 68 + MARGIN):
                outside += differs
    print(f"# {outside} pixels differ outside the mask, {changed} of {inside} inside")
    assert outside == 0, f"{outside} pixels outside the mask have changed"
    assert changed > 0.9 * inside, f"only {changed} of {inside} pixels inside the mask have changed"


def again(program, before):
    """再実行 takes the same picture and the same mask."""
    program.forget()
    press("ctrl+shift+r")
    path = program.wait("SAVED", 180).split(" ", 1)[1]
    with open(before, "rb") as first, open(path, "rb") as second:
        assert first.read() == second.read(), "the same input picture and mask gave another picture"


def survive_kill(program, tree):
    """The picture and the mask are there after kill -9."""
    program.kill()
    fresh = start()
    fresh.wait("INPUT_RESTORED mask=1")
    tree = application(fresh)
    find(tree, "マスクを描く", "push button")
    return fresh, tree


def remove_and_undo(program, tree):
    push(tree, "元の画像を外す")
    program.wait("TOAST 元の画像を外しました")
    button = wait_until(lambda: next((node for node in walk(tree) if (node.get_name() or "").startswith("元に戻す") and
                                      node.get_role_name() == "push button"), None), "the offer to undo")
    Atspi.Action.do_action(button, 0)
    find(tree, "元の画像を外す", "push button")


def main():
    check_needs()
    source = make_input()
    program = start(source)
    tree = application(program)
    try:
        program.wait(f"INPUT {SIDE}×{SIDE}")
        time.sleep(0.8)
        shoot(os.path.join(SHOTS, "input-taken.png"))
        paint_mask(program, tree)
        program.wait("INPUT_KEPT")
        result = generate(program, tree)
        shoot(os.path.join(SHOTS, "mask-done.png"))
        compare(source, result)
        again(program, result)
        program, tree = survive_kill(program, tree)
        remove_and_undo(program, tree)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "mask-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
