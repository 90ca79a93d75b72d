#!/usr/bin/python3
"""test-keyring.py: the hub's access token: in the desktop's keyring, or where there is none, nowhere.

First without a Secret Service, then with GNOME's, on the rig's bus. The token goes to the hub, which says in its answer
whether it came; no file of the home folder ever holds it. Run inside tests/ui/rig. SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import Failed, application, outline, press, run, set_text, shoot, skip, wait_until, walk
    from gi.repository import Gio, GLib
    from offer import MODEL, accept, click, offer_of, open_offer, serve, start, token_entry
    from tree import Tree
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
TOKEN = "hf_kept_in_the_keyring"
NEEDED, CAME = "アクセストークンが必要です", "何もダウンロードしていません"  # what the offer says without the token, and with it
NO_KEYRING = "このデスクトップにはキーリングがないので、トークンは絵師を終了するまでだけ覚えておきます"
FORGET = "トークンを消す"
SECRETS = "org.freedesktop.secrets"


class Visible:
    """What is to be seen of one offer."""

    def __init__(self, program, root):
        self.tree = Tree(application(program))
        self.tree.root = root.path

    def names(self):
        return [node.name for node in self.tree.fetch().walk() if node.visible]

    def wait(self, words):
        return wait_until(lambda: any(words in name for name in self.names()), words)


def shoot_token(name):
    """A picture of the offer where it asks for the token, which lies below the edge."""
    run("xdotool", "mousemove", "640", "400", "click", "--repeat", "30", "5")
    time.sleep(1)
    shoot(os.path.join(SHOTS, name))


def try_download(program, tree, words):
    """Asks the hub, which has no files: the WORDS tell whether it was given the token."""
    program.forget()
    click(tree, "もう一度" if any(node.get_name().startswith("もう一度") for node in walk(tree)) else "ダウンロード")
    wait_until(lambda: any(line.startswith("OFFER ") and words in line for line in program.lines()[program.mark:]),
               words)


def reopen(program):
    """Closes the offer and opens it anew, from the list of models."""
    press("Escape")
    program.forget()
    click(application(program), "入手")
    program.wait("OFFERED")
    program.wait("KEYRING")
    return offer_of(program)


def check_files():
    """No file of the home folder has the token in it."""
    for path in Path(os.environ["HOME"]).rglob("*"):
        if path.is_file() and TOKEN.encode() in path.read_bytes():
            raise Failed(f"{path} holds the token")


def kept():
    """(label, attributes) of what the keyring has of ours."""
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)

    def call(path, interface, method, parameters):
        return bus.call_sync(SECRETS, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, 10000).unpack()
    unlocked, locked = call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "SearchItems",
                            GLib.Variant("(a{ss})", ({"xdg:schema": "io.github.eshi_app.Eshi"},)))
    return [tuple(call(path, "org.freedesktop.DBus.Properties", "Get",
                       GLib.Variant("(ss)", ("org.freedesktop.Secret.Item", name)))[0] for name in ("Label", "Attributes"))
            for path in unlocked + locked]


def without_keyring(hub):
    """It is said in words; the token lasts as long as the program."""
    program = start(hub)
    try:
        tree = open_offer(program)
        assert "KEYRING no" in program.lines(), "there is a keyring"
        Visible(program, tree).wait(NO_KEYRING)
        accept(tree)
        try_download(program, tree, NEEDED)
        set_text(token_entry(tree), TOKEN)
        try_download(program, tree, CAME)
        tree = reopen(program)
        try_download(program, tree, CAME)
        shoot_token("no-keyring.png")
        check_files()
    except (Failed, AssertionError):
        print(program.report())
        raise
    finally:
        program.end()
    with_new_start(hub, lambda program, tree: try_download(program, tree, NEEDED))


def with_new_start(hub, check):
    """CHECK with another process, and what it finds on the disk and in the keyring."""
    program = start(hub)
    tree = None
    try:
        tree = open_offer(program)
        check(program, tree)
        check_files()
    except (Failed, AssertionError):
        print(program.report())
        print(outline(tree) if tree is not None else "")
        shoot(os.path.join(SHOTS, "keyring-failed.png"))
        raise
    finally:
        program.end()


def start_keyring():
    """GNOME's, with a keyring that is open; it ends with the rig."""
    subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input="password", text=True, check=True,
                   capture_output=True)
    subprocess.run(["gdbus", "wait", "--session", "--timeout", "20", SECRETS], check=True)


def store(program, tree):
    assert "KEYRING yes" in program.lines(), "there is no keyring"
    view = Visible(program, tree)
    assert not any(words in name for name in view.names() for words in (NO_KEYRING, FORGET)), view.names()
    set_text(token_entry(tree), TOKEN)
    try_download(program, tree, CAME)
    program.wait("KEYRING kept")
    view.wait(FORGET)


def read_and_remove(program, tree):
    """The next start has it, until the button takes it out."""
    view = Visible(program, tree)
    view.wait(FORGET)
    try_download(program, tree, CAME)
    program.wait("KEYRING kept")
    shoot_token("keyring.png")
    program.forget()
    click(tree, FORGET)
    program.wait("KEYRING forgotten")
    wait_until(lambda: not any(FORGET in name for name in view.names()), "the button to go")
    try_download(program, tree, NEEDED)


def with_keyring(hub):
    if shutil.which("gnome-keyring-daemon") is None:
        print("# not asked: whether the token is kept, for gnome-keyring is not installed")
        return
    start_keyring()
    with_new_start(hub, store)
    label, attributes = kept()[0]
    assert label == f"絵師の {hub.url} 用アクセストークン" and attributes["hub"] == hub.url, (label, attributes)
    with_new_start(hub, read_and_remove)
    assert kept() == [], kept()
    with_new_start(hub, lambda program, tree: try_download(program, tree, NEEDED))
    print("passed: with a keyring")


def main():
    if not os.path.exists(os.path.join(MODEL, "mame", "model_index.json")):
        skip("there is no finished model")
    if os.environ["RIG_JAPANESE"] != "yes":
        skip("there is no Japanese locale")
    hub = serve()
    hub.token = TOKEN
    hub.files = {}
    try:
        without_keyring(hub)
        print("passed: without a keyring")
        with_keyring(hub)
    except (Failed, AssertionError, subprocess.CalledProcessError) as failure:
        print("FAILED:", failure)
        return 1
    finally:
        hub.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
