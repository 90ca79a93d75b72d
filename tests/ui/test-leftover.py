#!/usr/bin/python3
"""test-leftover.py: what is left of a picture that was cancelled: it stands in the filmstrip and the gallery as 中断,
and 再開 gives the bytes of an undisturbed run, at once and after the program has ended.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, start as begin
    from driver import Failed, application, outline, press, push, run, set_text, shoot, wait_until, walk
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

PROMPT = "猫 油絵"
STEPS = 400  # so many that there is time to cancel: each takes some hundredths of a second


def start():
    program = begin(steps=STEPS)
    program.wait("RESTORED")
    return program, application(program)


def pictures():
    return json.loads(run(os.environ["ESHI_CLI"], "history", "list", "--json"))["pictures"]


def cancel_some_steps_later(program):
    """Cancels once the newest checkpoint is one of this run. Returns the path of what is left."""
    program.wait("CHECKPOINT", 60)
    program.wait("PREVIEW")
    press("Escape")
    program.wait("CANCELLED")
    path = program.wait("LEFT").split(" ", 1)[1]
    assert os.path.exists(path), path
    return path


def check_marks(tree, path):
    """There is one picture, interrupted, of the size that was asked for; the filmstrip says so."""
    found = pictures()
    assert [(each["file"], each["interrupted"]) for each in found] == [(path, True)], found
    size = run("identify", "-format", "%w %h", path)
    assert size == "128 128", size
    wait_until(lambda: any(node.get_name() == "中断" and node.get_role_name() == "label" for node in walk(tree)),
               "the mark on the picture")


def check_whole(program, left, reference):
    """It is finished now, as if nobody had cancelled it, and what was left of it is gone."""
    path = program.wait("SAVED", 120).split(" ", 1)[1]
    with open(path, "rb") as file:
        assert file.read() == reference, "a resumed picture is another one"
    wait_until(lambda: not os.path.exists(left), "the interrupted picture in the trash")
    assert [(each["file"], each["interrupted"]) for each in pictures()] == [(path, False)]


def cancel_and_resume():
    """From the picture itself, with the program running on; then it is cancelled again, and the program dies."""
    program, tree = start()
    try:
        prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
        set_text(prompt, PROMPT)
        program.wait(f"BUFFER [{PROMPT}]")
        press("ctrl+l", "ctrl+Return")
        first = cancel_some_steps_later(program)
        check_marks(tree, first)
        shoot(os.path.join(SHOTS, "leftover.png"), program.window)
        program.forget()
        push(tree, "再開")
        program.wait(f"RESUMED [{PROMPT}]")
        second = cancel_some_steps_later(program)
        # Only the newest is left.
        check_marks(tree, second)
    except Exception:
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "leftover-failed.png"))
        raise
    finally:
        program.kill()
    return second


def resume_from_gallery(left, reference):
    """The job is the one that an earlier run has left, and goes on from its checkpoint."""
    program, tree = start()
    try:
        press("ctrl+2")
        program.wait("FOUND 1")
        press("Right", "Home")
        wait_until(lambda: any("(中断)" in (node.get_name() or "") for node in walk(tree)), "the mark in the gallery")
        shoot(os.path.join(SHOTS, "leftover-gallery.png"), program.window)
        program.forget()
        press("Menu", "r")
        program.wait(f"RESUMED [{PROMPT}]")
        line = program.wait("PROGRESS", 60)
        wait_until(lambda: program.count("PREVIEW") > 0, "a preview", 60)
        first = next(each for each in program.lines()[program.mark:] if each.startswith("PREVIEW"))
        assert int(first.split()[1].split("/")[0]) > 2, f"it began anew: {line}, {first}"
        check_whole(program, left, reference)
    except Exception:
        print(program.report())
        print(outline(tree))
        shoot(os.path.join(SHOTS, "leftover-failed.png"))
        raise
    finally:
        program.end()


def main():
    check_needs("identify")
    reference = os.path.join(os.environ["RIG_FOLDER"], "reference.png")
    try:
        run(os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--no-history", f"--prompt={PROMPT}",
            "--seed=5", f"--steps={STEPS}", "--guidance=2", "--sampler=euler", "--width=128", "--height=128",
            f"--output={reference}")
        with open(reference, "rb") as file:
            expected = file.read()
        resume_from_gallery(cancel_and_resume(), expected)
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
