#!/usr/bin/python3
"""test-models.py: a model from a hub on loopback, as the artist gets it: accepted, cut off, gone on with, painted with.

Run inside tests/ui/rig. The model is the embedded one, served under the name of the one that is offered.
SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "store")]
import hub as hubs  # noqa: E402
from driver import (Atspi, Failed, Program, application, outline, press, push, set_text, skip,  # noqa: E402
                    wait_until, walk)

MODEL = os.environ.get("ESHI_MODEL_DIR", os.path.join(os.environ["ESHI_SOURCE_ROOT"], "data", "model"))
TARGET = Path(os.environ["XDG_DATA_HOME"], "eshi", "models", "japanese-stable-diffusion")
LICENCES = Path(os.environ["XDG_CONFIG_HOME"], "eshi", "licences")
TOKEN = "hf_loopback"


def serve():
    """The files of the embedded model; its weights come from the second port, as large files do."""
    folder = Path(MODEL, "mame")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    hubs.WEIGHTS[:] = [name for name in files if name.endswith(".safetensors")]
    hub = hubs.Hub()
    hub.files = {name: hubs.Blob(len(data), data) for name, data in files.items()}
    hub.token = TOKEN
    return hub


def offer_of(program):
    """Its window alone: others have buttons of the same names."""
    tree = application(program)
    return wait_until(lambda: next((node for node in walk(tree) if node.get_name() == "モデルを入手" and
                                    node.get_role_name() in ("frame", "window", "dialog")), None), "the offer")


def wait_for_offer(program, words):
    """The line in which the offer says WORDS."""
    return wait_until(lambda: next((line for line in program.lines()[program.mark:]
                                    if line.startswith("OFFER ") and words in line), None), words, 60)


def open_offer(program):
    press("ctrl+comma")
    program.wait("PREFERENCES")
    tree = application(program)
    push(tree, "ファイル", "page tab")
    click(tree, "モデルの管理")
    program.wait("MODELS_WINDOW")
    program.wait("MANAGER 1")
    click(tree, "入手")
    program.wait("OFFERED")
    program.wait("KEYRING")
    return offer_of(program)


def button(tree, words):
    """The mnemonic at the end of a label may be part of its name."""
    return wait_until(lambda: next((node for node in walk(tree) if (node.get_name() or "").startswith(words) and
                                    node.get_role_name() == "push button"), None), words)


def click(tree, words):
    Atspi.Action.do_action(button(tree, words), 0)


def test_licence_first(program, hub):
    """Nothing is asked of the hub before the licence was accepted."""
    tree = open_offer(program)
    if button(tree, "ダウンロード").get_state_set().contains(Atspi.StateType.SENSITIVE):
        raise Failed("the download can begin without the licence")
    if hub.seen or LICENCES.exists():
        raise Failed(f"the hub was asked for {hub.seen}")
    # A check button has no action in this tree, so it is ticked by its letter.
    press("alt+a")
    wait_until(lambda: button(tree, "ダウンロード").get_state_set().contains(Atspi.StateType.SENSITIVE), "the button")


def test_token(program, hub):
    """Without the token the hub's refusal is said in our words."""
    tree = offer_of(program)
    program.forget()
    click(tree, "ダウンロード")
    line = wait_for_offer(program, "アクセストークンが必要です")
    if "accepted=20" not in LICENCES.read_text(encoding="utf-8"):
        raise Failed(line)
    entry = wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "password text" or
                                     (node.get_role_name() == "text" and
                                      "トークン" in (node.get_name() or ""))), None), "the entry for the token")
    set_text(entry, TOKEN)


def test_damaged(program, hub):
    """A file that arrives with other bytes is refused in words, and is no model."""
    tree = offer_of(program)
    hub.wrong = {"text_encoder/model.safetensors"}
    program.forget()
    click(tree, "もう一度")
    wait_for_offer(program, "model.safetensors")
    hub.wrong = set()
    if TARGET.exists():
        raise Failed("a damaged model is there")


def test_cut_and_paused(program, hub):
    """Cut in the middle it goes on by itself; paused it stays, and goes on where it was."""
    tree = offer_of(program)
    hub.cut, hub.n_cuts = 4 << 20, 2
    hub.drip = 0.01
    program.forget()
    click(tree, "もう一度")
    wait_until(lambda: any("MB" in line or "毎秒" in line for line in program.lines()[program.mark:]), "some progress")
    click(tree, "一時停止")
    button(tree, "続ける")
    if TARGET.exists():
        raise Failed("half a model is there")
    hub.drip = 0
    program.forget()
    click(tree, "続ける")
    program.wait("OFFER モデルがそろいました", 60)
    program.wait("MODELS 2")
    program.wait("FIRST_RUN hidden")
    if hub.leaked:
        raise Failed("the token went to another host")


def test_paint(program, hub):
    """It is used at once, and paints."""
    tree = offer_of(program)
    program.forget()
    click(tree, "すぐに使う")
    program.wait("TOKENS ready")
    prompt = next(node for node in walk(application(program)) if node.get_role_name() == "text")
    set_text(prompt, "猫 油絵")
    program.wait("BUFFER [猫 油絵]")
    press("ctrl+l", "ctrl+Return")
    path = program.wait("SAVED", 180).split(" ", 1)[1]
    said = subprocess.run([os.environ["ESHI_CLI"], "show", "--json", path], capture_output=True, text=True, check=True)
    if "japanese-stable-diffusion" not in said.stdout:
        raise Failed(said.stdout)


def main():
    if not os.path.exists(os.path.join(MODEL, "mame", "model_index.json")):
        skip("there is no finished model")
    if os.environ["RIG_JAPANESE"] != "yes":
        skip("there is no Japanese locale")
    hub = serve()
    program = Program([os.environ["ESHI_PROGRAM"]], {"ESHI_MODEL_DIR": MODEL, "ESHI_HUB_URL": hub.url,
                                                     "ESHI_HUB_RETRY_MS": "10", "no_proxy": "127.0.0.1"})
    program.wait_for_window()
    program.wait("MODELS")
    for test in (test_licence_first, test_token, test_damaged, test_cut_and_paused, test_paint):
        try:
            test(program, hub)
        except (Failed, OSError, subprocess.CalledProcessError) as error:
            print(f"FAILED {test.__name__}: {error}\n{program.report()}\n{outline(application(program))}")
            program.kill()
            sys.exit(1)
        print("passed:", test.__name__)
    program.end()
    hub.close()


if __name__ == "__main__":
    main()
