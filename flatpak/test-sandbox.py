#!/usr/bin/python3
"""test-sandbox.py APP FOLDER: Eshi as it was installed by Flatpak, from the command line and in its window.

FOLDER takes the screenshot. 猫 is typed with Mozc where it is installed; with the stand-ins of make-stubs in the
repository $ESHI_STUBS it is also asked what is said of NVIDIA cards. Run by tests/ui/rig --as-user with FLATPAK_USER_DIR
in the environment; see test.

SPDX-License-Identifier: MIT
"""

import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

UI_TESTS = Path(__file__).resolve().parent.parent / "tests" / "ui"
# The home folder lies in the rig's: the sandbox is let into a folder beside it, or its own permissions would not count.
os.environ["RIG_FOLDER"] = FOLDER = os.path.join(os.environ["RIG_FOLDER"], "shared")
os.makedirs(FOLDER)
os.environ["ESHI_SOURCE_ROOT"] = str(UI_TESTS.parent.parent)
for name in ("LOCPATH", "ESHI_MODEL_DIR", "ESHI_PLUGIN_DIR", "ESHI_LOCALEDIR", "ESHI_BACKEND"):
    os.environ.pop(name, None)

sys.path.insert(0, str(UI_TESTS))
from driver import (Atspi, Failed, Program, outline, press, push, run, set_text, shoot,  # noqa: E402
                    wait_until, walk)

APP, RESULTS = sys.argv[1:3]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
PORTAL = "xdg-desktop-portal-gtk"
PORTAL_THERE = all(os.path.exists(f"/usr/libexec/{name}") for name in (PORTAL, "xdg-document-portal"))
DRIVER = "org.freedesktop.Platform.GL.nvidia-570-00"


def load_ime():
    """The test of the input method: what it types words with serves here too."""
    spec = importlib.util.spec_from_file_location("ime", UI_TESTS / "test-ime.py")
    module = importlib.util.module_from_spec(spec)
    arguments, sys.argv = sys.argv, sys.argv[:1]
    spec.loader.exec_module(module)
    sys.argv = arguments
    return module


def sandbox(*arguments, **environment):
    """The command that runs the program with ARGUMENTS in its sandbox; only FOLDER is let in besides."""
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
    assert f"flatpak install {APP}.Cuda" in devices, "what is said of CUDA does not say how to get it"
    assert "拡張機能が入っていません" in devices, "it is not said in Japanese"
    picture = os.path.join(FOLDER, "猫.png")
    command_line("generate", "-p", "猫 油絵", "--steps", "4", "-o", picture)
    with open(picture, "rb") as file:
        assert file.read(8) == SIGNATURE


def check_permissions():
    """The pictures' folder can be used, the rest of the home folder not; Japanese shows by the font that came along."""
    secret = os.path.join(os.environ["HOME"], "secret.txt")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("secret")
    result = subprocess.run(sandbox("--command=cat", APP, secret), check=False, capture_output=True)
    assert result.returncode != 0, "the sandbox reads the whole home folder"
    fonts = run(*sandbox("--command=fc-list", APP, ":lang=ja", "file"))
    assert "/app/share/fonts" in fonts, fonts


def flatpak(*arguments):
    result = subprocess.run(["flatpak", "--user", *arguments], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"flatpak {arguments}: {result.stdout}{result.stderr}")


def devices_in_window():
    """What the page of the devices says."""
    program = Sandboxed()
    try:
        program.wait("MODELS", 60)
        focus(program)
        press("ctrl+comma")
        tree = application()
        push(tree, "装置", "page tab")
        program.wait("DEVICES")
        time.sleep(1)
        shoot(os.path.join(RESULTS, "devices.png"))
        return outline(tree)
    finally:
        end(program)


def check_stubs():
    """With the extension and no driver, and with both: what is mounted is found, and what is missing is said."""
    stubs = os.environ.get("ESHI_STUBS")
    if not stubs:
        print("# not asked: what is said of NVIDIA cards, for nothing was made by make-stubs")
        return
    flatpak("remote-add", "--if-not-exists", "--no-gpg-verify", "stubs", f"file://{stubs}")
    flatpak("install", "-y", "--noninteractive", "stubs", f"{APP}.Cuda//1")
    try:
        devices = command_line("devices")
        assert "NVIDIA のドライバー" in devices and "libcuda.so.1" in devices, devices
        assert "libcuda.so.1" in devices_in_window(), "the page of the devices does not say what is missing"
        flatpak("install", "-y", "--noninteractive", "stubs", f"{DRIVER}//1.4")
        os.environ["FLATPAK_GL_DRIVERS"] = "nvidia-570-00:default"
        devices = command_line("devices")
        print("#", devices.replace("\n", "\n# "))
        assert "* cuda" in devices, devices
    finally:
        os.environ.pop("FLATPAK_GL_DRIVERS", None)
        for name in (f"{APP}.Cuda//1", f"{DRIVER}//1.4"):
            subprocess.run(["flatpak", "--user", "uninstall", "-y", "--noninteractive", name], check=False,
                           capture_output=True)


def application(name="eshi"):
    """The tree of the program, whose process has another number in here."""
    Atspi.init()
    Atspi.set_timeout(10000, 30000)
    desktop = Atspi.get_desktop(0)
    return wait_until(lambda: next((child for child in (desktop.get_child_at_index(i)
                                                        for i in range(desktop.get_child_count()))
                                    if child is not None and child.get_name() == name), None), f"the tree of {name}", 30)


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


def focus(program):
    """A window of a sandbox is known by its class: the process has another number in there."""
    program.window = run("xdotool", "search", "--sync", "--onlyvisible", "--class", "eshi").split()[-1]
    run("xdotool", "windowfocus", "--sync", program.window)


def start_mozc(ime):
    """Whether words can be typed."""
    if not shutil.which("ibus-daemon") or not all(glob.glob(pattern) for pattern in ime.FILES["ibus"].values()):
        print("# not asked: whether Mozc types into the sandbox, for ibus-mozc is not installed")
        return False
    ime.start_ibus()
    return True


def write_cat(program, tree, ime, typed):
    if typed:
        ime.type_cat(program)
        return
    set_text(wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "text"), None),
                        "the prompt"), ime.CAT)
    program.wait(f"BUFFER [{ime.CAT}]")


def end(program):
    subprocess.run(["flatpak", "kill", APP], check=False)
    program.process.wait()


def answer_portal(name, choose=None):
    """Types NAME into the file chooser that the portal shows, once CHOOSE has done with its tree what it wants."""
    tree = application(PORTAL)
    entry = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "text"), None),
                       "the name in the file chooser")
    if choose:
        choose(tree)
    if name:
        set_text(entry, name)
    shoot(os.path.join(RESULTS, "portal.png"))
    push(tree, "保存(S)")


def choose_jpeg(tree):
    box = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "combo box"), None), "the formats")
    Atspi.Selection.select_child(box, 1)


def check_export(program, original):
    """Through the file chooser of the desktop, into a folder that the sandbox does not see, whatever the name is."""
    target = os.path.join(os.environ["HOME"], "外")
    os.makedirs(target)
    press("Right", "Home")  # the newest
    program.forget()
    press("ctrl+shift+e")
    program.wait("EXPORT_DIALOG")
    answer_portal(os.path.join(target, "猫.png"))
    program.wait("EXPORTED")
    with open(original, "rb") as one, open(os.path.join(target, "猫.png"), "rb") as other:
        assert one.read() == other.read(), "the copy differs from the picture"
    program.forget()
    press("ctrl+shift+e")
    program.wait("EXPORT_DIALOG")
    program.forget()
    answer_portal(os.path.join(target, "小さい.png"), choose_jpeg)
    # What is written under another name than the chooser's would be lost in a sandbox.
    program.wait("EXPORT_DIALOG")
    answer_portal(os.path.join(target, "小さい.jpg"))
    program.wait("EXPORTED")
    with open(os.path.join(target, "小さい.jpg"), "rb") as file:
        assert file.read(3) == b"\xff\xd8\xff"
    assert sorted(os.listdir(target)) == ["小さい.jpg", "猫.png"], os.listdir(target)


def check_window(ime):
    """A cold start, then a warm one, in which 猫 is typed, and a picture of it painted and saved."""
    typed = start_mozc(ime)
    program = Sandboxed()
    cold = first_frame(program)
    program.wait("MODELS")
    end(program)
    program = Sandboxed()
    print(f"# first frame after {cold:.0f} ms cold, {first_frame(program):.0f} ms warm")
    program.wait("MODELS")
    tree = application()
    try:
        focus(program)
        write_cat(program, tree, ime, typed)
        push(tree, "生成")
        path = program.wait("SAVED", 180).split(" ", 1)[1]
        with open(path, "rb") as file:
            assert file.read(8) == SIGNATURE
        assert path.startswith(os.path.join(os.environ["HOME"], "Pictures", "Eshi")), path
        press("ctrl+2")
        program.wait("VIEW gallery")
        program.wait("FOUND")
        time.sleep(1)
        shoot(os.path.join(RESULTS, "sandbox.png"))
        if PORTAL_THERE:
            check_export(program, path)
        else:
            print(f"# not asked: whether a file can be saved through {PORTAL}, for it is not installed")
    except (Failed, AssertionError):
        print(program.report(), flush=True)
        print(outline(tree))
        shoot(os.path.join(RESULTS, "sandbox-failed.png"))
        raise
    finally:
        end(program)


def main():
    ime = load_ime()
    try:
        check_command_line()
        check_permissions()
        check_stubs()
        check_window(ime)
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
