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


def begin_mask(program, tree):
    program.forget()
    push(tree, "マスクを描く")
    program.wait("MASK_BEGUN")
    time.sleep(0.3)  # the tools have come, and the canvas has its size
    return wait_until(lambda: picture_place(program, tree), "the input picture on the canvas")


def kept_mask(program):
    """The mask that the draft keeps, as greys [h, w]."""
    program.forget()
    program.wait("INPUT_KEPT")
    path = os.path.join(os.environ["XDG_STATE_HOME"], "eshi", "draft", "mask.png")
    return pixels(path)[::3]


def paint_zoomed(program, tree):
    """A dot lands where the pointer is, also when the picture is enlarged and moved."""
    left, top, side = begin_mask(program, tree)
    middle_x, middle_y = left + side / 2, top + side / 2
    run("xdotool", "mousemove", str(round(middle_x)), str(round(middle_y)))
    run("xdotool", "click", "4", "click", "4", "click", "4")
    drag([(middle_x, middle_y), (middle_x + 20, middle_y + 10), (middle_x + 90, middle_y - 60)], "2")
    program.forget()
    drag([(middle_x - 40, middle_y + 70), (middle_x - 40, middle_y + 70)])
    program.wait("STROKE")
    greys = kept_mask(program)
    weight = sum(greys)
    found_x = sum(grey * (i % SIDE + 0.5) for i, grey in enumerate(greys)) / weight
    found_y = sum(grey * (i // SIDE + 0.5) for i, grey in enumerate(greys)) / weight
    # Three clicks of the wheel enlarge by 1.25 each around the pointer; the middle button moved the picture.
    scale = side / SIDE * 1.25 ** 3
    expected_x = SIDE / 2 + (-40 - 90) / scale
    expected_y = SIDE / 2 + (70 + 60) / scale
    print(f"# dot at {found_x:.2f}, {found_y:.2f}, expected {expected_x:.2f}, {expected_y:.2f}")
    # The accessibility tree does not count the window's frame of five pixels of the screen, a whole one of the picture.
    assert abs(found_x - expected_x) < 1.25, (found_x, expected_x)
    assert abs(found_y - expected_y) < 1.25, (found_y, expected_y)
    press("ctrl+z", "ctrl+0", "Escape")
    program.wait("MASK_ENDED")


def paint_mask(program, tree):
    """A stroke across the middle, one beside it that is taken back, and one in a corner that is erased."""
    left, top, side = begin_mask(program, tree)

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
    fresh.wait("INPUT_RESTORED mask=1 parent=0")
    tree = application(fresh)
    find(tree, "マスクを描く", "push button")
    return fresh, tree


def undo(tree):
    # The toolkit says the words of a toast's button twice.
    button = wait_until(lambda: next((node for node in walk(tree) if (node.get_name() or "").startswith("元に戻す") and
                                      node.get_role_name() == "push button"), None), "the offer to undo")
    Atspi.Action.do_action(button, 0)


def paste(program, tree):
    """A picture that was copied becomes the input picture, and the one before comes back."""
    program.forget()
    press("ctrl+shift+c")
    program.wait("TOAST 絵をコピーしました")
    press("ctrl+v")
    program.wait(f"INPUT {SIDE}×{SIDE}")
    program.wait("TOAST 元の画像を替えました")
    find(tree, "貼り付けた画像", "label")
    program.wait("INPUT_KEPT")
    program.forget()
    undo(tree)
    program.wait("INPUT_KEPT")
    find(tree, "湖.png", "label")


def remove_and_undo(program, tree):
    push(tree, "元の画像を外す")
    program.wait("TOAST 元の画像を外しました")
    undo(tree)
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
        paint_zoomed(program, tree)
        paint_mask(program, tree)
        program.wait("INPUT_KEPT")
        result = generate(program, tree)
        shoot(os.path.join(SHOTS, "mask-done.png"))
        compare(source, result)
        again(program, result)
        paste(program, tree)
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
