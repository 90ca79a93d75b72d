#!/usr/bin/python3
"""test-drop.py: files are dragged between Eshi and another program: a picture of ours gives its settings back and is painted
again to the same bytes, one of others becomes the input picture, and a picture is dragged out as the file it is.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, paint, start as begin
    from driver import Atspi, Failed, application, outline, press, run, set_text, shoot, text_of, wait_until, walk
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)


# Nothing of it is what other drafts say.
DRAFT = """[Settings]
prompt={prompt}
negative-prompt=犬
seed=17
seed-locked=true
n-images=1
steps={steps}
guidance=3.5
sampler=dpmpp-2m-karras
width=128
height=96
"""


def start(**draft):
    """Beside it there is room for another program."""
    program = begin(**draft)
    program.resize(1000, 780)
    run("xdotool", "windowmove", "--sync", program.window, "0", "0")
    return program


class Peer:
    """The other program's window, beside ours: a click would raise ours."""

    def __init__(self, path):
        self.process = subprocess.Popen([os.environ["ESHI_DRAG_PEER"], path], stdout=subprocess.PIPE, text=True)
        self.window = run("xdotool", "search", "--sync", "--onlyvisible", "--name", "^drag-peer$").split()[-1]
        run("xdotool", "windowmove", "--sync", self.window, "1040", "560")

    def place(self, low):
        geometry = dict(re.findall(r"(\w+)=(-?\d+)", run("xdotool", "getwindowgeometry", "--shell", self.window)))
        x, y = int(geometry["X"]), int(geometry["Y"])
        return x + int(geometry["WIDTH"]) // 2, y + int(geometry["HEIGHT"]) * (3 if low else 1) // 4

    def end(self):
        """What was dropped on it."""
        self.process.terminate()
        return self.process.communicate()[0].splitlines()


def drag(start_at, end_at):
    """As a hand does it: with places between, and time for both programs to answer."""
    run("xdotool", "mousemove", *map(str, start_at), "mousedown", "1")
    time.sleep(0.2)
    for i in range(1, 11):
        place = [str(round(a + (b - a) * i / 10)) for a, b in zip(start_at, end_at)]
        run("xdotool", "mousemove", *place)
        time.sleep(0.06)
    time.sleep(0.4)
    run("xdotool", "mouseup", "1")


def middle(node, program):
    box = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
    geometry = dict(re.findall(r"(\w+)=(-?\d+)", run("xdotool", "getwindowgeometry", "--shell", program.window)))
    return int(geometry["X"]) + box.x + box.width // 2, int(geometry["Y"]) + box.y + box.height // 2


def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def drop_ours(program, tree, picture):
    """All of its settings are there again: so is the picture."""
    prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
    set_text(prompt, "まったく別の言葉")
    program.wait("BUFFER [まったく別の言葉]")
    program.forget()
    peer = Peer(picture)
    drag(peer.place(False), (600, 300))
    program.wait("BUFFER [猫 油絵]")
    peer.end()
    assert text_of(prompt) == "猫 油絵", text_of(prompt)
    assert bytes_of(paint(program)) == bytes_of(picture), "the settings gave another picture"


def drop_foreign(program):
    """What has no settings is a picture to start from."""
    path = os.path.join(os.environ["RIG_FOLDER"], "写真 1.png")
    run("convert", "-size", "128x128", "gradient:#8fb7e8-#2c5f2d", "-strip", path)
    program.forget()
    peer = Peer(path)
    drag(peer.place(False), (600, 300))
    program.wait("INPUT 128×128")
    peer.end()


def drop_nonsense(program, tree):
    """A file that is no picture changes nothing and is named."""
    path = os.path.join(os.environ["RIG_FOLDER"], "手紙.png")
    with open(path, "w", encoding="utf-8") as file:
        file.write("これは絵ではありません")
    peer = Peer(path)
    drag(peer.place(False), (600, 300))
    wait_until(lambda: any("手紙.png" in (node.get_name() or "") for node in walk(tree)), "what is said of the file")
    peer.end()
    shoot(os.path.join(SHOTS, "drop-nonsense.png"))
    program.leave_window()


def drag_out(program, tree, picture):
    """The strip's picture is dropped elsewhere as its file, and stays where it is."""
    peer = Peer("/dev/null")
    tile = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "list item"), None),
                      "a picture in the strip")
    drag(middle(tile, program), peer.place(True))
    time.sleep(0.5)
    dropped = peer.end()
    assert dropped == [f"DROPPED {picture}"], (dropped, picture)
    assert bytes_of(picture)[:4] == b"\x89PNG"


def main():
    check_needs("convert")
    program = start(prompt="猫 油絵", steps=4, draft=DRAFT)
    tree = application(program)
    try:
        picture = paint(program)
        drag_out(program, tree, picture)
        program.end()
        program = start()
        tree = application(program)
        drop_ours(program, tree, picture)
        drop_foreign(program)
        drop_nonsense(program, tree)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "drop-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
