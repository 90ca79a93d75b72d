#!/usr/bin/python3
"""test-models.py: a model from a hub on loopback, as the artist gets it: accepted, cut off, gone on with, painted with.

Run inside tests/ui/rig. The model is the embedded one, served under the name of the one that is offered.
SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Atspi, Failed, application, outline, press, set_text, skip, wait_until, walk  # noqa: E402
from offer import (LICENCES, MODEL, TARGET, accept, button, click, offer_of, open_offer, serve, start,  # noqa: E402
                   token_entry, wait_for_offer)

TOKEN = "hf_loopback"


def test_licence_first(program, hub):
    """Nothing is asked of the hub before the licence was accepted."""
    tree = open_offer(program)
    if button(tree, "ダウンロード").get_state_set().contains(Atspi.StateType.SENSITIVE):
        raise Failed("the download can begin without the licence")
    if hub.seen or LICENCES.exists():
        raise Failed(f"the hub was asked for {hub.seen}")
    accept(tree)


def test_token(program, hub):
    """Without the token the hub's refusal is said in our words."""
    tree = offer_of(program)
    program.forget()
    click(tree, "ダウンロード")
    line = wait_for_offer(program, "アクセストークンが必要です")
    if "accepted=20" not in LICENCES.read_text(encoding="utf-8"):
        raise Failed(line)
    set_text(token_entry(tree), TOKEN)


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
    hub.token = TOKEN
    program = start(hub)
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
