#!/usr/bin/python3
"""test-desktop.py: Eshi as the desktop uses it: started by the bus for a search, a second start, files, actions.

Run by tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import Failed, Program, application, find, outline, press, set_text, skip, text_of, wait_until, walk
    from gi.repository import Gio, GLib
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

ROOT = os.environ["ESHI_SOURCE_ROOT"]
PROGRAM = os.environ["ESHI_PROGRAM"]
NAME = "io.github.eshi_app.Eshi"
PATH = "/io/github/eshi_app/Eshi"
SEARCH = "org.gnome.Shell.SearchProvider2"
SMALL = ["--seed", "7", "--steps", "2", "--sampler", "euler", "--width", "64", "--height", "64", "--guidance", "2.5"]
ICON_SIDE = 64  # of a picture of 64 × 64: thumbnails are never made larger


def check_needs():
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


class Bus:
    def __init__(self):
        self.connection = Gio.bus_get_sync(Gio.BusType.SESSION)

    def call(self, method, parameters, interface=SEARCH, path=PATH + "/SearchProvider"):
        answer = self.connection.call_sync(NAME, path, interface, method, parameters, None,
                                           Gio.DBusCallFlags.NONE, 30000)
        return answer.unpack()

    def activate_action(self, name, *parameters):
        self.call("ActivateAction", GLib.Variant("(sava{sv})", (name, list(parameters), {})),
                  "org.freedesktop.Application", PATH)

    def has_owner(self):
        return self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                         "NameHasOwner", GLib.Variant("(s)", (NAME,)), None,
                                         Gio.DBusCallFlags.NONE, 10000).unpack()[0]


def second_start(*arguments, status=0):
    """Another process, which hands on what it was given."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, f"{arguments}: status {done.returncode}: {done.stderr}"
    return done.stderr


def check_refusals():
    """What is wrong is said where it was typed, and no window opens for it."""
    assert "4294967295" in second_start("--generate", "猫", "--seed", "-1", status=2)
    assert "--generate" in second_start("--steps", "3", status=2)
    assert second_start("--generate", "猫", "--sampler", "nosuch", status=2) != ""
    assert second_start("--generate", "猫", "--width", "65", status=2) != ""


def check_first_start(program):
    """Options of the first start paint as soon as the model is found."""
    program.wait_for_window()
    return program.wait("SAVED", 180).split(" ", 1)[1]


def check_second_start(program, prompt):
    """It paints in the first window, and what is typed there stays."""
    set_text(prompt, "書きかけ")
    program.wait("BUFFER [書きかけ]")
    program.forget()
    second_start("--generate", "サラリーマン 油絵", *SMALL)
    path = program.wait("SAVED", 180).split(" ", 1)[1]
    assert text_of(prompt) == "書きかけ", "what was typed was replaced"
    settings = subprocess.run(["/usr/bin/python3", "-c", "import sys;print(open(sys.argv[1],'rb').read()"
                               ".decode('utf-8','replace'))", path], capture_output=True, text=True, check=True).stdout
    for words in ("サラリーマン 油絵", "Steps: 2", "Seed: 7", "CFG scale: 2.5", "Size: 64x64"):
        assert words in settings, f"the picture was painted without {words}"
    return path


def check_search(bus, program):
    """Kana of either kind find the picture; the result opens it large."""
    found = bus.call("GetInitialResultSet", GLib.Variant("(as)", (["さらりーまん"],)))[0]
    assert len(found) == 1, found
    assert bus.call("GetSubsearchResultSet", GLib.Variant("(asas)", (found, ["さらりーまん", "油絵"])))[0] == found
    assert bus.call("GetInitialResultSet", GLib.Variant("(as)", (["こうもり"],)))[0] == []
    assert len(bus.call("GetInitialResultSet", GLib.Variant("(as)", (["油絵"],)))[0]) == 2
    meta = bus.call("GetResultMetas", GLib.Variant("(as)", (found,)))[0][0]
    assert meta["id"] == found[0] and meta["name"] == "サラリーマン 油絵" == meta["clipboardText"], meta
    assert "64 × 64" in meta["description"], meta["description"]
    width, height, stride, alpha, bits, channels, pixels = meta["icon-data"]
    assert (width, height, alpha, bits, channels) == (ICON_SIDE, ICON_SIDE, False, 8, 3)
    assert len(pixels) >= stride * (height - 1) + 3 * width
    assert bus.call("GetResultMetas", GLib.Variant("(as)", (["99999"],)))[0] == []
    program.forget()
    bus.call("ActivateResult", GLib.Variant("(sasu)", (found[0], ["さらりーまん"], 0)))
    program.wait("VIEW gallery")
    program.wait("PAGE viewer")
    program.wait("SHOWN")
    program.forget()
    bus.call("LaunchSearch", GLib.Variant("(asu)", (["さらりーまん", "油絵"], 0)))
    program.wait("SEARCH [さらりーまん 油絵]")
    wait_until(lambda: program.lines()[-1] == "FOUND 1", "the one picture that was searched for")
    program.forget()
    # Filters that hide it are taken off.
    bus.call("LaunchSearch", GLib.Variant("(asu)", (["nothing"], 0)))
    program.wait("FOUND 0")
    program.forget()
    bus.call("ActivateResult", GLib.Variant("(sasu)", (found[0], [], 0)))
    program.wait("PAGE viewer")


def check_open(bus, program, prompt, path):
    program.forget()
    bus.call("Open", GLib.Variant("(asa{sv})", ([GLib.filename_to_uri(path)], {})), "org.freedesktop.Application", PATH)
    program.wait("OPENED " + path)
    program.wait("VIEW studio")
    wait_until(lambda: text_of(prompt) == "サラリーマン 油絵", "the prompt of the file")


def check_file_argument(program, prompt, path):
    """A copy that the program has not painted itself comes into the filmstrip."""
    copy = os.path.join(os.environ["HOME"], "写し.png")
    with open(path, "rb") as source, open(copy, "wb") as target:
        target.write(source.read())
    set_text(prompt, "別の言葉")
    program.wait("BUFFER [別の言葉]")
    program.forget()
    second_start(copy)
    program.wait("OPENED " + copy)
    wait_until(lambda: text_of(prompt) == "サラリーマン 油絵", "the prompt of the copy")


def check_actions(bus, program, tree):
    program.forget()
    bus.activate_action("gallery")
    program.wait("VIEW gallery")
    program.forget()
    bus.activate_action("new-image")
    program.wait("VIEW studio")
    program.forget()
    bus.activate_action("from-clipboard")
    program.wait("TOAST クリップボードに画像がありません")
    program.forget()
    second_start("--gallery")
    program.wait("VIEW gallery")
    # Nothing that comes over the bus is believed.
    bus.activate_action("generate", GLib.Variant("a{sv}", {"prompt": GLib.Variant("i", 1)}))
    dialog = find(tree, "ほかのプログラムからの依頼を読み取れませんでした")
    assert dialog is not None
    program.leave_window()


def install_service():
    """The service file, for the program that is tested."""
    folder = os.path.join(os.environ["XDG_DATA_HOME"], "dbus-1", "services")
    os.makedirs(folder, exist_ok=True)
    with open(os.environ["ESHI_SERVICE_FILE"], encoding="utf-8") as file:
        lines = file.read().splitlines()
    command = next(line for line in lines if line.startswith("Exec="))
    assert command.endswith("/eshi --gapplication-service"), command
    assert f"Name={NAME}" in lines
    with open(os.path.join(folder, NAME + ".service"), "w", encoding="utf-8") as file:
        file.write("\n".join([lines[0], f"Name={NAME}", f"Exec={PROGRAM} --gapplication-service", ""]))


def check_activation(bus):
    """The bus starts the program for a search, without a window, from what the ini file says."""
    ini = GLib.KeyFile()
    ini.load_from_file(os.path.join(ROOT, "data", NAME + ".search-provider.ini"), GLib.KeyFileFlags.NONE)
    group = "Shell Search Provider"
    assert ini.get_integer(group, "Version") == 2
    assert ini.get_string(group, "BusName") == NAME
    assert ini.get_string(group, "DesktopId") == NAME + ".desktop"
    install_service()
    bus.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig",
                             None, None, Gio.DBusCallFlags.NONE, 10000)
    assert not bus.has_owner()
    found = bus.call("GetInitialResultSet", GLib.Variant("(as)", (["油絵"],)), path=ini.get_string(group, "ObjectPath"))
    assert len(found[0]) == 2, found
    assert bus.has_owner(), "the program did not wait for more of the search"
    windows = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "eshi"], capture_output=True, text=True,
                             check=False).stdout
    assert windows == "", "a search opened a window"
    bus.activate_action("quit")
    wait_until(lambda: not bus.has_owner(), "the end of the program")


def main():
    check_needs()
    check_refusals()
    bus = Bus()
    program = Program([PROGRAM, "--generate", "猫 油絵", *SMALL])
    tree = None
    try:
        check_first_start(program)
        tree = application(program)
        prompt = next(node for node in walk(tree) if node.get_role_name() == "text")
        path = check_second_start(program, prompt)
        check_search(bus, program)
        check_open(bus, program, prompt, path)
        check_file_argument(program, prompt, path)
        check_actions(bus, program, tree)
        program.end()
        wait_until(lambda: not bus.has_owner(), "the end of the first program")
        check_activation(bus)
        print("ok")
    except (Failed, AssertionError, GLib.Error) as error:
        print("FAILED:", error)
        print(program.report())
        if tree is not None:
            print(outline(tree))
        return 1
    finally:
        program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
