#!/usr/bin/python3
"""test-access.py: the whole window as a screen reader meets it, view by view, in Japanese and in the C locale.

Everything that takes the keyboard has a name; siblings of one role have names that tell them apart; Japanese has no
English in it, and the C locale no Japanese, but for names. Looks at copies of the tree (tree.py): asking for each thing
by itself takes minutes. Run by tests/ui/rig --as-user.

SPDX-License-Identifier: MIT
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, forget_everything, paint, start, words
    from driver import Failed, application, press, run, shoot, wait_until
    from tree import Tree
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

LOCALES = {"ja": ("ja_JP.UTF-8", "猫 油絵"), "C": ("C.UTF-8", "cat")}
APP = "io.github.eshi_app.Eshi"
# What the toolkit says of a widget without a name is the name of its class.
CLASS = re.compile(r"(Gtk|Adw|Gdk|Eshi)[A-Z]\w+$")
# Parts that take the keyboard in the toolkit's templates, where no program can name them: whoever holds them has the
# name (a spin button, a row with a choice), or there is nothing to say (an area that scrolls).
HOLDERS = {"scroll pane", "list", "table", "panel", "filler"}
# In the toolkit's own windows: a search entry and a way back from it, and the cross of a message.
TOOLKIT = {("entry", "GtkSearchEntry"), ("push button", "GtkImage")}
# The About window is the toolkit's: texts and a button without names, and words that older versions do not translate.
ABOUT = {"GtkTextView", "GtkButton", "Details"}
CONTAINED = {"list item", "table cell", "table row"}
INSIDE = {"spin button", "combo box", "push button"}
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
# Words for the prompt and the name of the small model are Japanese everywhere.
JAPANESE_NAMES = {"豆", "イラスト", "油絵", "水彩画", "鉛筆画", "ドット絵", "浮世絵", "絵師"}
ENGLISH = re.compile(r"[A-Za-z]{2,}")
# What is written in Latin letters in Japanese too: samplers, formats, devices, units, keys, models and their makers.
LATIN = re.compile(r"euler( a)?|dpm\+\+|[23]m|sde|ddim|pndm|plms|lms|heun|unipc|lcm|karras|tcd|dpm2?|clip skip|lora|vae|url|"
                   r"png|jpeg|webp|cpu|cuda|gpu|avx\w*|amx|onednn|eshi|hugging face|mame|japanese|stable|diffusion|"
                   r"rinna|taesd|[gmk]i?b|px|automatic1111|comfyui|invokeai|fooocus|forge|id|mit|github|gtk|"
                   r"ctrl|shift|alt|esc|delete|backspace|menu|space|sd|bf16|f16|f32", re.I)
# Files, addresses, digests, and what a processor calls itself.
CONTENT = re.compile(r"(~|https?:/)?/\S+|\S+\.png|[0-9a-f]{10}|(AMD|Intel|NVIDIA|ARM)\b.*", re.S)


def own_name(node):
    return "" if CLASS.match(node.name) else node.name


class Walk:
    """One look at every visible thing of a view."""

    def __init__(self, language, view, prompt):
        self.language = language
        self.view = view
        self.prompt = prompt
        self.problems = []
        self.n_focusable = 0
        self.say = words("ja")

    def complain(self, node, path, text):
        self.problems.append(f"{self.language}, {self.view}: {node} {text}, in "
                             + " / ".join(str(each) for each in path[-4:]))

    def is_toolkit(self, node):
        return self.view == "about" and node.name in ABOUT

    def check_name(self, node, path):
        if node.role in HOLDERS or (node.role, node.name) in TOOLKIT or self.is_toolkit(node):
            return
        self.n_focusable += 1
        if own_name(node) or (node.role in CONTAINED and any(own_name(each) for each in node.walk())):
            return
        # A label that can be selected and is empty says nothing to anybody.
        if node.role != "label" and not (path and path[-1].role in INSIDE):
            self.complain(node, path, "takes the keyboard and has no name")

    def check_siblings(self, node, path):
        seen = set()
        for child in node.children:
            key = child.role, own_name(child)
            if not child.visible or not child.focusable or not key[1] or child.role in CONTAINED | HOLDERS:
                continue
            if key in seen:
                self.complain(child, path, "has a sibling of the same name")
            seen.add(key)

    def check_language(self, node, path):
        for text in (own_name(node), node.description):
            bare = text.replace(self.prompt, "")
            if self.language == "C":
                for name in JAPANESE_NAMES:
                    bare = bare.replace(name, "")
                if JAPANESE.search(bare):
                    self.complain(node, path, f"has Japanese in it: {text}")
            elif text and not self.is_toolkit(node) and (node.role, node.name) not in TOOLKIT and self.is_english(text):
                self.complain(node, path, f"is English: {text}")

    def is_english(self, text):
        """A sentence that the catalogue says otherwise, or words without Japanese that no list knows."""
        if self.say(text) != text:
            return True
        if self.view == "about" or CONTENT.fullmatch(text):
            return False
        return not JAPANESE.search(text) and ENGLISH.search(LATIN.sub("", text)) is not None

    def visit(self, node, path=()):
        if not node.visible and path:
            return
        if node.focusable:
            self.check_name(node, path)
        self.check_siblings(node, path)
        self.check_language(node, path)
        for child in node.children:
            self.visit(child, (*path, node))


class Tour:
    """The program in one language, from the first start to a contact sheet of seeds."""

    def __init__(self, language):
        self.language = language
        self.locale, self.prompt = LOCALES[language]
        self.say = words(language)
        self.problems = []
        forget_everything()
        self.program = start(self.prompt, environment={"LC_ALL": self.locale})
        self.tree = Tree(application(self.program))
        self.first = self.tree.fetch().children[0].path

    def look(self, view, root=None):
        seen = Walk(self.language, view, self.prompt)
        root = root or self.tree.fetch()
        seen.visit(root)
        if os.environ.get("ESHI_TEST_OUTLINE"):
            with open(os.path.join(SHOTS, f"tree-{self.language}-{view}.txt"), "w", encoding="utf-8") as file:
                file.write(root.outline())
        print(f"# {self.language}, {view}: {seen.n_focusable} things take the keyboard, "
              f"{len(seen.problems)} complaints")
        self.problems += seen.problems

    def other_window(self):
        """The newest window beside the program's first one."""
        others = [each for each in self.tree.fetch().children if each.path != self.first and each.visible]
        return others[-1] if others else None

    def look_at_window(self, view):
        """Looks at the window that comes; Escape closes it."""
        self.look(view, wait_until(self.other_window, f"the window {view}"))
        self.program.leave_window()
        wait_until(lambda: self.other_window() is None, f"{view} to close")

    def show(self, key, line):
        self.program.forget()
        press(key)
        self.program.wait(line, 60)

    def activate(self, action, place=""):
        """An action of the menus, as the desktop calls it."""
        run("gdbus", "call", "--session", "--dest", APP, "--object-path", "/" + APP.replace(".", "/") + place,
            "--method", "org.gtk.Actions.Activate", action, "[]", "{}")

    def empty_views(self):
        self.look("first run")
        self.show("ctrl+2", "VIEW gallery")
        self.look("empty gallery")
        self.show("ctrl+3", "VIEW queue")
        self.look("empty queue")
        self.show("ctrl+1", "VIEW studio")

    def windows(self):
        self.show("ctrl+comma", "DEVICES")
        self.look_at_window("settings")
        press("ctrl+question")
        self.look_at_window("shortcuts")
        self.activate("about")
        self.look_at_window("about")
        for action, line in (("models", "MANAGER"), ("get-model", "OFFERED")):
            self.program.forget()
            self.activate(action, "/window/1")
            self.program.wait(line)
            self.look_at_window(action)
        self.error_dialog()

    def error_dialog(self):
        path = os.path.join(os.environ["RIG_FOLDER"], "broken.png")
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + bytes(64))
        subprocess.run([os.environ["ESHI_PROGRAM"], path], check=True, env=dict(os.environ, LC_ALL=self.locale),
                       capture_output=True)
        self.look_at_window("error")

    def menu(self, view, key):
        press(key)
        self.wait_for_menu(True)
        self.look(view)
        press("Escape")
        self.wait_for_menu(False)

    def wait_for_menu(self, wanted):
        def shown():
            return any(node.role == "menu" and node.visible for node in self.tree.fetch().walk())
        wait_until(lambda: shown() == wanted, "the menu")

    def gallery(self):
        self.show("ctrl+2", "VIEW gallery")
        press("Right", "Home")
        self.look("gallery")
        press("F9")
        self.look("info pane")
        self.menu("menu of a picture", "shift+F10")
        self.show("space", "SHOWN")
        self.look("large view")
        self.show("Escape", "PAGE grid")
        press("ctrl+a")
        self.program.forget()
        self.tree.push(self.say("Compare"))
        self.program.wait("COMPARED 1")
        self.look("compare")
        press("Escape")
        self.show("ctrl+1", "VIEW studio")

    def sheets(self):
        self.show("ctrl+shift+k", "STEPS 3/3")
        self.look("steps")
        press("Escape")
        self.program.forget()
        press("ctrl+k")
        self.program.wait("SEEDS ready", 180)
        self.look("seeds")
        press("Escape")

    def mask(self):
        self.show("ctrl+shift+i", "INPUT")
        self.show("ctrl+m", "MASK_BEGUN")
        self.look("mask")
        self.show("Escape", "MASK_ENDED")

    def run(self):
        self.empty_views()
        for _ in range(2):
            paint(self.program)
        self.look("studio")
        self.menu("main menu", "F10")
        self.windows()
        self.gallery()
        self.mask()
        self.sheets()


def main():
    check_needs("gdbus")
    problems = []
    for language in LOCALES:
        tour = Tour(language)
        try:
            tour.run()
        except (Failed, subprocess.CalledProcessError) as error:
            print("FAILED:", error, *problems, *tour.problems, sep="\n# ")
            print(tour.program.report())
            print(tour.tree.fetch().outline())
            shoot(os.path.join(SHOTS, "access-failed.png"))
            return 1
        finally:
            tour.program.end()
        problems += tour.problems
    for problem in dict.fromkeys(problems):
        print("#", problem)
    print("FAILED" if problems else "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
