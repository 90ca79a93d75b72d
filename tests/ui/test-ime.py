#!/usr/bin/python3
"""test-ime.py: a picture from a word typed with a real Japanese input method.

    test-ime.py [ibus|fcitx5]

Types "neko" into the prompt through Mozc, on ibus or on fcitx5, checks that Ctrl+Enter does nothing while the word is being composed,
converts and accepts it, presses 生成 by its accessible name, and looks at the file that comes out. With the tools of
the model at hand it is also checked that the picture shows a cat.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import glob
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import (Failed, Program, application, find, outline, press, push, shoot, skip, text_of, wait_until,
                        walk, write)
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
CAT = "猫"

MOZC = """engines {
  name : "mozc-jp"
  longname : "Mozc"
  layout : "default"
  layout_variant : ""
  layout_option : ""
  rank : 80
}
active_on_launch: True
"""

# One input method and no other, so that nothing has to be switched on.
FCITX5_PROFILE = """[Groups/0]
Name=Default
Default Layout=us
DefaultIM=mozc

[Groups/0/Items/0]
Name=mozc
Layout=

[GroupOrder]
0=Default
"""

FRAMEWORK = sys.argv[1] if len(sys.argv) > 1 else "ibus"
FILES = {
    "ibus": {"ibus-mozc": "/usr/lib/ibus-mozc/ibus-engine-mozc",
             "ibus-gtk4": "/usr/lib/*/gtk-4.0/4.0.0/immodules/libim-ibus.so"},
    "fcitx5": {"fcitx5-mozc": "/usr/share/fcitx5/addon/mozc.conf",
               "fcitx5-frontend-gtk4": "/usr/lib/*/gtk-4.0/4.0.0/immodules/libim-fcitx5.so"},
}


def check_needs():
    daemons = {"ibus": ["ibus-daemon"], "fcitx5": ["fcitx5", "gdbus"]}
    for program in (*daemons[FRAMEWORK], "xdotool", "import"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    for package, pattern in FILES[FRAMEWORK].items():
        if not glob.glob(pattern):
            skip(f"{package} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def start_fcitx5():
    os.environ.update(GTK_IM_MODULE="fcitx", XMODIFIERS="@im=fcitx")
    folder = os.path.join(os.environ["XDG_CONFIG_HOME"], "fcitx5")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "profile"), "w", encoding="utf-8") as file:
        file.write(FCITX5_PROFILE)
    with open(os.path.join(os.environ["RIG_FOLDER"], "fcitx5.log"), "w", encoding="utf-8") as log:
        subprocess.Popen(["fcitx5", "--disable=wayland,kimpanel,notificationitem,clipboard,emoji,quickphrase,unicode"],
                         stdout=log, stderr=log)
    # To ask fcitx5-remote would start a second one.
    if subprocess.run(["gdbus", "wait", "--session", "--timeout", "20", "org.fcitx.Fcitx5"], check=False).returncode:
        raise Failed("fcitx5 did not come up")


def start_ibus():
    os.environ.update(GTK_IM_MODULE="ibus", XMODIFIERS="@im=ibus")
    folder = os.path.join(os.environ["XDG_CONFIG_HOME"], "mozc")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "ibus_config.textproto"), "w", encoding="utf-8") as file:
        file.write(MOZC)
    memconf = ["--config=/usr/libexec/ibus-memconf"] if os.path.exists("/usr/libexec/ibus-memconf") else []
    with open(os.path.join(os.environ["RIG_FOLDER"], "ibus.log"), "w", encoding="utf-8") as log:
        subprocess.Popen(["ibus-daemon", "--replace", "--panel=disable", "--emoji-extension=disable",
                          "--cache=none", *memconf], stdout=log, stderr=log)

    def engine():
        # "ibus engine NAME" fails even when it worked, so ask.
        subprocess.run(["ibus", "engine", "mozc-jp"], capture_output=True, check=False)
        answer = subprocess.run(["ibus", "engine"], capture_output=True, text=True, check=False)
        return answer.stdout.strip() == "mozc-jp"
    wait_until(engine, "the input method", 20)


def compose(program, keys, expected):
    """Types KEYS until EXPECTED is being composed.

    On a busy machine Mozc's client gives up waiting for its server and starts the word anew, in any program; then the
    word is typed again.
    """
    for _ in range(5):
        program.forget()
        write(keys)
        try:
            program.wait(f"PREEDIT [{expected}]", 5)
            return
        except Failed:
            press("Escape", "Escape", "Escape")
            time.sleep(0.5)
    raise Failed(f"the input method never composed {expected} from {keys}")


def try_to_submit(program):
    """Ctrl+Enter in the middle of a word belongs to the input method."""
    compose(program, "neko", "ねこ")
    press("ctrl+Return")
    program.wait("COMPOSING")
    time.sleep(0.5)
    assert program.count("GENERATE") == 0, "Ctrl+Enter fired while a word was being composed"
    press("Escape", "Escape", "ctrl+a", "Delete")


def type_cat(program):
    """Leaves exactly 猫 in the prompt, accepted with Enter."""
    for _ in range(5):
        press("ctrl+a", "Delete")
        compose(program, "neko", "ねこ")
        press("space")
        try:
            program.wait(f"PREEDIT [{CAT}]", 5)
            break
        except Failed:
            press("Escape", "Escape", "Escape")
    press("Return")
    program.wait(f"BUFFER [{CAT}]")
    time.sleep(0.2)
    assert program.count("GENERATE") == 0, "the Enter that accepts a word started a picture"


def click_while_composing(program, tree):
    """生成 pressed in the middle of a word waits for the word, or says that it must be accepted; it never drops it."""
    press("End")
    compose(program, "inu", "いぬ")
    program.forget()
    button = find(tree, "生成", "push button")
    from gi.repository import Atspi
    box = Atspi.Component.get_extents(button, Atspi.CoordType.WINDOW)
    subprocess.run(["xdotool", "mousemove", "--window", program.window,
                    str(box.x + box.width // 2), str(box.y + box.height // 2), "click", "1"], check=True)
    line = program.wait("GENERATE", 10)
    assert f"[{CAT}いぬ]" in line, f"the word being composed was lost: {line}"
    program.wait("SAVED", 120)


def check_file(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data.startswith(b"\x89PNG\r\n\x1a\n"), "the file is no PNG"
    assert CAT.encode() in data, "the file does not say how it was made"


def check_subject(path):
    tool = os.path.join(ROOT, "tools", "mame", "evaluate")
    if os.environ.get("ESHI_TEST_SUBJECT", "yes") != "yes" or not os.path.exists(tool):
        return "not asked"
    result = subprocess.run(["/usr/bin/python3", tool, "--picture", path, "--expect", CAT, "--top", "5"],
                            capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1):
        return "not judged: " + result.stderr.strip().splitlines()[-1]
    assert result.returncode == 0, "the picture does not show a cat:\n" + result.stdout
    return "a cat"


def main():
    check_needs()
    {"ibus": start_ibus, "fcitx5": start_fcitx5}[FRAMEWORK]()
    program = Program([os.environ["ESHI_PROGRAM"]])
    try:
        program.wait_for_window()
        program.wait("MODELS")
        tree = application(program)
        try_to_submit(program)
        type_cat(program)
        shown = [text_of(node) for node in walk(tree) if node.get_role_name() == "text"]
        assert CAT in shown, f"the prompt reads {shown}"
        program.forget()
        push(tree, "生成")
        program.wait(f"GENERATE [{CAT}]")
        program.wait("PREVIEW", 120)
        path = program.wait("SAVED", 180).split(" ", 1)[1]
        time.sleep(0.4)
        shoot(os.path.join(SHOTS, f"ime-{FRAMEWORK}.png"))
        check_file(path)
        print("judged:", check_subject(path))
        click_while_composing(program, tree)
        print("ok")
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(application(program)))
        shoot(os.path.join(SHOTS, f"ime-{FRAMEWORK}-failed.png"))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
