"""artist.py: what several tests of the window begin with: a small model, a draft of few steps, words in two languages.

Runs inside tests/ui/rig, beside driver.py. SPDX-License-Identifier: MIT
"""

import gettext
import os
import shutil

from driver import Program, press, skip

ROOT = os.environ["ESHI_SOURCE_ROOT"]
SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])

# Few steps: what is tested is not how well it paints.
DRAFT = """[Settings]
prompt={prompt}
seed=5
seed-locked=true
n-images=1
steps={steps}
guidance=2
sampler=euler
width=128
height=128
"""


def check_needs(*programs):
    """Skips without a Japanese locale, the PROGRAMS, or the embedded model."""
    if os.environ.get("RIG_JAPANESE") != "yes":
        skip("localedef cannot make a Japanese locale here")
    for program in ("xdotool", "import", *programs):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    model = os.environ.get("ESHI_MODEL_DIR", os.path.join(ROOT, "data", "model"))
    if not os.path.exists(os.path.join(model, "mame", "model_index.json")):
        skip(f"there is no model in {model}")
    os.environ["ESHI_MODEL_DIR"] = model


def forget_everything():
    """The next start is the first one: no history, no draft."""
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        shutil.rmtree(os.path.join(os.environ[name], "eshi"), ignore_errors=True)
    shutil.rmtree(os.path.join(os.environ["HOME"], "Pictures", "Eshi"), ignore_errors=True)


def start(prompt="", steps=3, environment=None, draft=DRAFT):
    folder = os.path.join(os.environ["XDG_STATE_HOME"], "eshi")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "draft.ini"), "w", encoding="utf-8") as file:
        file.write(draft.format(prompt=prompt, steps=steps))
    program = Program([os.environ["ESHI_PROGRAM"]], environment)
    program.wait_for_window()
    program.wait("MODELS")
    return program


def words(language):
    """The function that says an English message in LANGUAGE, as the program does."""
    if language == "C":
        return lambda text: text
    return gettext.translation("eshi", os.environ["ESHI_LOCALEDIR"], [language]).gettext


def paint(program):
    """One picture of the draft's words; returns its file."""
    program.forget()
    press("ctrl+l", "ctrl+Return")
    return program.wait("SAVED", 180).split(" ", 1)[1]
