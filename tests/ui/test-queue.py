#!/usr/bin/python3
"""test-queue.py: the queue under kill -9: at twenty random moments of painting the program dies, and nothing is lost.

After each death the prompt text is there, the jobs are there in their order, what was painted is interrupted, and what
comes of resuming has the same bytes as an undisturbed run. Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import glob
import os
import random
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Failed, Program, application, outline, press, push, set_text, shoot, skip, text_of,
                        wait_until, walk)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
PICTURES = os.path.join(os.environ["HOME"], "Pictures", "Eshi")
PROMPTS = ["猫 油絵", "富士山 浮世絵", "りんご 水彩画"]
KILLS = 20
# At 128 × 128 a step takes some hundredths of a second: a picture outlives one or two deaths.
DRAFT = """[Settings]
prompt=
negative-prompt=
seed=5
seed-locked=true
n-images=1
steps=60
guidance=2
sampler=dpmpp-2m
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


def start():
    program = Program([os.environ["ESHI_PROGRAM"]])
    program.wait_for_window()
    program.wait("MODELS")
    program.wait("RESTORED")
    return program, application(program)


def prompt_of(tree):
    def check():
        return next((node for node in walk(tree) if node.get_role_name() == "text" and node.get_name() == "プロンプト"), None)
    return wait_until(check, "the prompt")


def add_all(program, tree):
    """Puts a job for each prompt into the queue; returns when the disk has them."""
    press("ctrl+1")
    for words in PROMPTS:
        set_text(prompt_of(tree), words)
        program.wait(f"BUFFER [{words}]")
        press("ctrl+l", "ctrl+Return")
        program.wait(f"KEPT [{words}]")


def saved():
    """The bytes of every picture that was saved."""
    contents = []
    for path in sorted(glob.glob(os.path.join(PICTURES, "**", "*.png"), recursive=True)):
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents


def queue_of(tree):
    """The page with the queue: it stands last, and a walk over all of the window takes a second."""
    def from_behind(node):
        for i in reversed(range(node.get_child_count())):
            child = node.get_child_at_index(i)
            if child is not None:
                yield child
                yield from from_behind(child)

    def check():
        for node in from_behind(tree):
            if node.get_role_name() == "list" and node.get_name() == "待ち行列":
                return node
        return None
    return wait_until(check, "the queue")


def queue_names(queue):
    """Prompts of the rows, from above."""
    rows = [queue.get_child_at_index(i).get_name() for i in range(queue.get_child_count())]
    return [row.rsplit(",", 1)[0] for row in rows]


def go_on(program, tree):
    """What was left behind is there in its order; resumes and continues. Returns how many jobs there were."""
    line = program.wait("RESTORED").split()
    n_waiting, n_interrupted = int(line[1]), int(line[3])
    assert n_interrupted <= 1, line
    if n_waiting + n_interrupted == 0:
        return 0
    press("ctrl+3")
    program.wait("VIEW queue")
    expected = PROMPTS[len(PROMPTS) - n_waiting - n_interrupted:]
    queue = queue_of(tree)
    wait_until(lambda: queue_names(queue) == expected, f"the queue {expected}, {line}")
    assert program.count("STARTED") == 0, "it painted before anybody asked"
    if n_interrupted:
        push(queue, "再開")
    if n_waiting:
        push(queue.get_parent(), "続ける")
    return n_waiting + n_interrupted


def die_and_rise(references):
    """One life of the program: it goes on, paints for a while, and is killed."""
    program, tree = start()
    try:
        if not go_on(program, tree):
            add_all(program, tree)
            time.sleep(1.0)         # the draft has a second to reach the disk
        else:
            wait_until(lambda: text_of(prompt_of(tree)) == PROMPTS[-1], "the prompt text, which is lost")
        program.wait("STARTED", 30)
        time.sleep(random.uniform(0.0, 1.5))
    except Exception:
        print(program.report())
        print(outline(tree))
        raise
    finally:
        program.kill()
    for picture in saved():
        assert picture in references, "a resumed picture is another one"


def finish():
    program, tree = start()
    try:
        for _ in range(go_on(program, tree)):
            program.wait("DONE", 60)
            program.wait("SAVED", 60)
            program.mark = next(i for i, line in enumerate(program.lines())
                                if i >= program.mark and line.startswith("SAVED")) + 1
    except Exception:
        print(program.report())
        shoot(os.path.join(SHOTS, "queue-failed.png"))
        raise
    finally:
        program.kill()


def paint_references():
    program, tree = start()
    try:
        add_all(program, tree)
        wait_until(lambda: program.count("SAVED") == len(PROMPTS), "the undisturbed pictures", 120)
    finally:
        program.kill()
    references = saved()
    assert len(set(references)) == len(PROMPTS)
    return references


def main():
    check_needs()
    seed = int(os.environ.get("ESHI_TEST_SEED", time.time_ns() % 2**32))
    random.seed(seed)
    print(f"ESHI_TEST_SEED={seed}")
    write_draft()
    try:
        references = paint_references()
        shutil.rmtree(PICTURES)
        shutil.rmtree(os.path.join(os.environ["XDG_DATA_HOME"], "eshi"))
        write_draft()
        for _ in range(KILLS):
            die_and_rise(references)
        finish()
        pictures = saved()
        assert set(pictures) == set(references), "a picture is missing, or is another one"
        print(f"# {len(pictures)} pictures over {KILLS} kills, all as in the undisturbed run")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
