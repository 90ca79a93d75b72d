"""offer.py: the window that offers a model, as tests use it: opened, read, its buttons; and a hub that has the model.

Runs inside tests/ui/rig, beside driver.py. The model is the embedded one, served under the name of the one offered.
SPDX-License-Identifier: MIT
"""

import os
import sys
from pathlib import Path

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store"))
import hub as hubs  # noqa: E402
from driver import Atspi, Program, application, press, push, wait_until, walk  # noqa: E402

MODEL = os.environ.get("ESHI_MODEL_DIR", os.path.join(os.environ["ESHI_SOURCE_ROOT"], "data", "model"))
MODELS = Path(os.environ["XDG_DATA_HOME"], "eshi", "models")
TARGET = MODELS / "japanese-stable-diffusion"
LICENCES = Path(os.environ["XDG_CONFIG_HOME"], "eshi", "licences")


def serve():
    """The files of the embedded model; its weights come from the second port, as large files do."""
    folder = Path(MODEL, "mame")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    hubs.WEIGHTS[:] = [name for name in files if name.endswith(".safetensors")]
    hub = hubs.Hub()
    hub.files = {name: hubs.Blob(len(data), data) for name, data in files.items()}
    return hub


def start(hub, **environment):
    """The program, whose downloads come from HUB and are tried again at once."""
    program = Program([os.environ["ESHI_PROGRAM"]], {"ESHI_MODEL_DIR": MODEL, "ESHI_HUB_URL": hub.url,
                                                     "ESHI_HUB_RETRY_MS": "10", "no_proxy": "127.0.0.1",
                                                     **environment})
    program.wait_for_window()
    program.wait("MODELS")
    return program


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
    """From the settings, by the list of models."""
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


def token_entry(tree):
    return wait_until(lambda: next((node for node in walk(tree) if node.get_role_name() == "password text" or
                                    (node.get_role_name() == "text" and
                                     "トークン" in (node.get_name() or ""))), None), "the entry for the token")


def accept(tree):
    """A check button has no action in this tree, so it is ticked by its letter."""
    press("alt+a")
    wait_until(lambda: button(tree, "ダウンロード").get_state_set().contains(Atspi.StateType.SENSITIVE), "the button")
