#!/usr/bin/python3
"""test-seeds-kept.py: 種くらべ survives: after kill -9 in the middle and after a plain end the sheet is there again with
its ticks and its latents, and what is finished from them is, byte for byte, what eshi-cli paints with that seed. Files
that were damaged in between hurt nobody.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import contextlib
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, start as begin
    from driver import Atspi, Failed, application, outline, press, push, run, shoot, wait_until, walk
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

PROMPT = "猫 油絵"
FIRST = 5  # artist.DRAFT's
STEPS = 32
SHARE = STEPS // 4
OFFER = "TOAST 前回の種くらべが残っています"
FOLDER = os.path.join(os.environ["XDG_STATE_HOME"], "eshi", "draft", "seeds")


@contextlib.contextmanager
def running():
    """The program, and its tree; killed at the end, whatever happens."""
    program = begin(prompt=PROMPT, steps=STEPS)
    tree = application(program)
    try:
        yield program, tree
    except Exception:
        fail(program, tree)
        raise
    finally:
        program.kill()


def quit_plainly(program):
    press("ctrl+q")
    assert program.process.wait(20) == 0, "it ended with an error"


def says(tree, text):
    return any((node.get_name() or "").startswith(text) for node in walk(tree))


def painted(program):
    """Seeds that got steps since program.forget()."""
    return [int(line.split()[1]) for line in program.lines()[program.mark:] if line.startswith("SEED ")]


def show_kept(program, tree):
    """What is offered after the start; nothing is painted for it."""
    program.wait("SEEDS_RESTORED 12")
    program.wait(OFFER)
    # The toolkit says the words of a toast's button twice.
    button = wait_until(lambda: next((node for node in walk(tree) if (node.get_name() or "").startswith("見る") and
                                      node.get_role_name() == "push button"), None), "the offer's button")
    Atspi.Action.do_action(button, 0)
    program.wait("SHEET shown")
    assert painted(program) == [], painted(program)


def begin_and_die():
    """Kills the program while it paints the sheet, with two ticks and at least three seeds kept."""
    with running() as (program, tree):
        press("ctrl+k")
        program.wait("SHEET shown")
        press("2", "7")
        program.wait(f"SEED {FIRST + 2} ", 60)
        program.forget()
        program.wait("SEEDS_KEPT")
        program.wait("SEED ", 60)
        assert program.count("SEEDS ready") == 0, "all was painted before it could be killed"
    return len(glob.glob(os.path.join(FOLDER, "*.state")))


def go_on(n_kept):
    """Only what is missing is painted. Then the program ends, with a third tick."""
    with running() as (program, tree):
        show_kept(program, tree)
        wait_until(lambda: says(tree, f"{n_kept}/12 · 2"), f"two ticks and {n_kept} seeds")
        shoot(os.path.join(SHOTS, "seeds-kept.png"), program.window)
        push(tree, "続ける")
        program.wait("SEEDS ready", 120)
        assert painted(program) == list(range(FIRST + n_kept, FIRST + 12)), (n_kept, painted(program))
        press("3")
        wait_until(lambda: says(tree, "12/12 · 3"), "three ticks")
        quit_plainly(program)
    print(f"# killed with {n_kept} seeds kept; the other {12 - n_kept} were painted after the restart")


def pixels(path):
    return subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout


def paint_plainly(seed):
    path = os.path.join(os.environ["RIG_FOLDER"], f"plain-{seed}.png")
    run(os.environ["ESHI_CLI"], "generate", "--quiet", "--no-previews", "--no-history", f"--seed={seed}",
        f"--steps={STEPS}", "--guidance=2", "--sampler=euler", "--width=128", "--height=128", f"--prompt={PROMPT}",
        f"--output={path}")
    return pixels(path)


def finish(program, tree, n_pictures):
    """Returns the lowest step that was painted."""
    program.forget()
    push(tree, "選んだ種を仕上げる")
    wait_until(lambda: program.count("SAVED") == n_pictures, f"{n_pictures} pictures", 180)
    lines = program.lines()[program.mark:]
    for path in [line.split(" ", 1)[1] for line in lines if line.startswith("SAVED")]:
        seed = int(os.path.basename(path).rsplit("-", 1)[1].split(".")[0])
        assert pixels(path) == paint_plainly(seed), f"{path} is another picture than its seed's"
    steps = [int(line.split()[1].split("/")[0]) for line in lines if line.startswith("PROGRESS")]
    return min(step for step in steps if step > 0)


def finish_after_end():
    """From the latents, after the second restart; the same words find the sheet as well as the offer does. Once nothing
    is ticked and all is painted, nobody is asked again."""
    with running() as (program, tree):
        program.wait(OFFER)
        press("ctrl+k")
        program.wait("SEEDS again")
        wait_until(lambda: says(tree, "12/12 · 3"), "three ticks")
        lowest = finish(program, tree, 3)
        assert lowest >= SHARE, f"it began anew, at step {lowest}"
        quit_plainly(program)
    print("# 3 pictures were finished from latents of earlier runs, to the bytes of plain runs")


def halve(path):
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)


def spoil(path):
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * 300)


def damage_seeds():
    """A half state, one of nonsense, one that is gone; a look of nonsense and one that is gone."""
    halve(os.path.join(FOLDER, f"{FIRST}.state"))
    spoil(os.path.join(FOLDER, f"{FIRST + 1}.state"))
    os.unlink(os.path.join(FOLDER, f"{FIRST + 2}.state"))
    spoil(os.path.join(FOLDER, f"{FIRST + 3}.png"))
    os.unlink(os.path.join(FOLDER, f"{FIRST + 4}.png"))


def survive_damaged_seeds():
    """What is lost is painted again, and no picture is another one for it."""
    with running() as (program, tree):
        show_kept(program, tree)
        wait_until(lambda: says(tree, "11/12 · 0"), "the seeds but the one that is gone")
        push(tree, "続ける")
        program.wait("SEEDS ready", 60)
        assert painted(program) == [FIRST + 2], painted(program)
        press("1", "2", "3")
        wait_until(lambda: says(tree, "12/12 · 3"), "three ticks")
        finish(program, tree, 3)
        quit_plainly(program)


def survive_damaged_list():
    """There is no sheet then; another begins."""
    spoil(os.path.join(FOLDER, "sheet.ini"))
    with running() as (program, tree):
        press("ctrl+k")
        program.wait("SHEET shown")
        program.wait("SEEDS ready", 120)
        assert program.count("SEEDS_RESTORED") == 0 and program.count("TOAST") == 0
        assert painted(program) == list(range(FIRST, FIRST + 12)), painted(program)
        quit_plainly(program)


def ask_nobody():
    """A sheet that is done with is there, and not offered."""
    with running() as (program, tree):
        program.wait("SEEDS_RESTORED 12")
        press("ctrl+k")
        program.wait("SEEDS again")
        assert program.count("TOAST") == 0 and painted(program) == []
        quit_plainly(program)


def fail(program, tree):
    print(program.report())
    if program.process.poll() is None:
        print(outline(tree))
        shoot(os.path.join(SHOTS, "seeds-kept-failed.png"))


def main():
    check_needs("convert")
    try:
        go_on(begin_and_die())
        finish_after_end()
        ask_nobody()
        damage_seeds()
        survive_damaged_seeds()
        survive_damaged_list()
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
