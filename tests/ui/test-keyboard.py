#!/usr/bin/python3
"""test-keyboard.py: a day at the window with key events alone; what they did is read in the database and the files.

Nothing here presses a button through the accessibility tree: it only tells which thing has the keyboard. Run by
tests/ui/rig --as-user; the names of deeds as arguments do only those.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import SHOTS, check_needs, start
    from driver import Atspi, Failed, application, press, shoot, wait_until, write
    from tree import Tree
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

DATABASE = os.path.join(os.environ["XDG_DATA_HOME"], "eshi", "history.db")
SETTINGS = os.path.join(os.environ["XDG_CONFIG_HOME"], "glib-2.0", "settings", "keyfile")
# The first of three may be done before the others have moved.
WAITING = ("SELECT json_extract(settings, '$.prompt') FROM jobs WHERE json_extract(settings, '$.prompt') <> 'a1' "
           "ORDER BY place")
# A picture that is waited for, and one that is still being painted when Tab has gone round.
SHORT, LONG = 3, 150
# More than the studio has places for the keyboard: whoever goes round once has been everywhere.
MOST = 60


def ask(query):
    with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(query).fetchall()


def check(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: {found}, expected {expected}")


def wait_for(query, expected):
    wait_until(lambda: ask(query) == expected, f"{expected} from {query}")


class Artist:
    """Whoever has a keyboard and nothing else."""

    def __init__(self):
        self.program = start("", SHORT, {"GSETTINGS_BACKEND": "keyfile"})
        self.tree = Tree(application(self.program))
        self.tree.fetch()

    def show(self, *keys, line, seconds=60):
        self.program.forget()
        press(*keys)
        return self.program.wait(line, seconds)

    def go_to(self, name, key="Tab"):
        """Goes round with Tab until NAME has the keyboard; returns how often it was pressed."""
        self.tree.fetch()
        for n in range(MOST):
            focused = self.tree.focused()
            if name in (focused, focused.split("(")[0]):
                return n
            press(key)
        raise Failed(f"{name} cannot be reached with {key}")

    def write_and_generate(self, words):
        press("ctrl+l", "ctrl+a")
        self.program.forget()
        write(words)
        self.program.wait(f"BUFFER [{words}]")
        press("ctrl+Return")
        self.program.wait(f"KEPT [{words}]")

    def paint(self):
        """The negative prompt lies behind a fold that must not hold the keyboard back."""
        press("ctrl+l")
        self.go_to("除きたいもの")
        press("space")
        self.go_to("除きたいもの(ネガティブ)")
        write("dog")
        self.write_and_generate("cat")
        self.program.wait("SAVED", 180)
        self.write_and_generate("fox")
        self.program.wait("SAVED", 180)
        wait_for("SELECT COUNT(*) FROM texts WHERE settings LIKE '%\"dog\"%'", [(2,)])

    def go_round(self):
        """Tab goes through all of the studio and comes back to where it was."""
        press("ctrl+l")
        seen = []
        self.tree.fetch()
        while len(seen) < MOST and (len(seen) < 2 or seen[-1] != seen[0]):
            seen.append(self.tree.focused())
            press("Tab")
        for name in ("イラスト", "大きさ", "ステップ", "強さ (CFG)", "シード", "サイコロを振る", "サンプラー", "枚数", "元の画像・マスク",
                     "詳しい設定", "生成", "種くらべ", "絵をコピー", "ギャラリー", "メインメニュー"):
            if name not in seen:
                raise Failed(f"{name} cannot be reached with Tab: {seen}")
        check(seen[-1], seen[0], "after going round")
        press("shift+Tab")
        print(f"# {len(seen) - 1} places in the studio")

    def gallery(self):
        """Arrows, the large view, a favourite, stars, the information, compare."""
        self.show("ctrl+2", line="VIEW gallery")
        press("Right", "Home")
        check(self.show("space", line="SHOWN"), "SHOWN 2", "the newest picture")
        check(self.show("Right", line="SHOWN"), "SHOWN 1", "the one after it")
        self.show("Escape", line="PAGE grid")
        press("End")
        self.show("f", line="MARKED 1")
        self.show("4", line="MARKED 1")
        wait_for("SELECT id, favourite, rating FROM pictures ORDER BY id", [(1, 1, 4), (2, 0, 0)])
        self.information()
        press("Escape")
        self.show("shift+F10", "Escape", "End", "space", line="SHOWN 1")
        self.show("Escape", line="PAGE grid")

    def information(self):
        def pressed():
            button = self.tree.find("絵の情報を見る", "push button", "toggle button")
            return button.has(Atspi.StateType.PRESSED) or button.has(Atspi.StateType.CHECKED)
        before = pressed()
        press("F9")
        wait_until(lambda: pressed() != before, "the information to change")
        press("F9")
        wait_until(lambda: pressed() == before, "the information to change back")

    def compare(self):
        press("ctrl+a")
        self.go_to("くらべる")
        self.show("Return", line="COMPARED 1")
        press("l", "b", "s", "Escape")

    def trash(self):
        self.select_oldest()
        self.show("Delete", line="TRASHED 1")
        wait_for("SELECT id FROM pictures WHERE trashed = 0", [(2,)])
        self.show("ctrl+z", line="RESTORED 1")
        wait_for("SELECT id FROM pictures WHERE trashed = 0", [(1,), (2,)])

    def select_oldest(self):
        self.show("ctrl+1", line="VIEW studio")
        self.show("ctrl+2", line="VIEW gallery")
        press("Right", "End")

    def paint_again(self):
        self.select_oldest()
        self.show("ctrl+shift+r", line="VIEW studio")
        self.program.wait("SAVED", 180)
        wait_for("SELECT id, parent FROM pictures WHERE parent <> 0", [(3, 1)])

    def queue(self):
        """Pause, move, take off, bring back, go on, clear, stop."""
        self.set_steps(LONG)
        self.write_and_generate("a1")
        self.show("ctrl+3", line="VIEW queue")
        self.go_to("待ち行列を一時停止")
        self.show("space", line="PAUSED")
        self.show("ctrl+1", line="VIEW studio")
        for words in ("b2", "c3"):
            self.write_and_generate(words)
        self.show("ctrl+3", line="VIEW queue")
        self.to_row("c3")
        self.show("alt+Up", line="MOVED [c3]")
        wait_for(WAITING, [("c3",), ("b2",)])
        self.show("Delete", line="TOAST")
        wait_until(lambda: self.rows() == ["b2"], "the row to be taken off")
        press("ctrl+z")
        wait_until(lambda: self.rows() == ["c3", "b2"], "the row that was taken off to come back")
        wait_for(WAITING, [("c3",), ("b2",)])
        self.go_to("続ける")
        self.show("space", line="UNPAUSED")
        self.go_to("待ち行列を空にする")
        press("space")
        wait_until(lambda: len(ask(WAITING)) <= 1, "the queue to be cleared")
        self.show("ctrl+1", line="VIEW studio")
        press("ctrl+period")
        wait_until(lambda: not ask(WAITING), "the last picture to end")
        self.set_steps(SHORT)

    def set_steps(self, n_steps):
        press("ctrl+l")
        self.go_to("ステップ")
        press("Tab", "ctrl+a")  # from the row to the number in it
        write(str(n_steps))
        press("Tab")

    def rows(self):
        """What waits, from above."""
        names = (node.name for node in self.tree.fetch().walk() if node.role == "list item" and node.visible)
        return [name.split(",")[0] for name in names if name.startswith(("b2,", "c3,"))]

    def to_row(self, words):
        """The rows are one stop for Tab; arrows go from one to the next."""
        self.tree.fetch()
        for _ in range(MOST):
            if self.tree.focused().startswith(("a1,", "b2,", "c3,")):
                break
            press("Tab")
        press("Home")
        for _ in range(3):
            if self.tree.focused().startswith(words):
                return
            press("Down")
        raise Failed(f"the row {words} cannot be reached")

    def mask(self):
        self.show("ctrl+shift+i", line="INPUT")
        self.show("ctrl+m", line="MASK_BEGUN")
        self.show("shift+Right", line="STROKE")
        self.show("Return", line="MASK_ENDED")

    def settings(self):
        self.show("ctrl+comma", line="PREFERENCES")
        self.wait_for_windows(2)
        self.go_to("できていく途中の絵を見せる")
        press("space")
        wait_until(lambda: "previews=false" in read(SETTINGS), "the switch in the settings")
        self.program.leave_window()
        self.wait_for_windows(1)

    def windows(self):
        """The shortcuts, and the last line of the main menu, which tells about the program."""
        for keys in (("ctrl+question",), ("F10", "Up", "Return")):
            press(*keys)
            self.wait_for_windows(2)
            self.program.leave_window()
            self.wait_for_windows(1)

    def wait_for_windows(self, n_windows):
        wait_until(lambda: sum(node.visible for node in self.tree.fetch().children) == n_windows, f"{n_windows} windows")

    def seeds(self):
        """The first of twelve is chosen and finished."""
        self.show("ctrl+k", line="SEEDS ready", seconds=180)
        self.show("1", "ctrl+Return", line="FINISH")
        self.program.wait("SAVED", 180)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    check_needs()
    artist = Artist()
    try:
        for deed in (artist.paint, artist.go_round, artist.gallery, artist.compare, artist.trash, artist.paint_again,
                     artist.queue, artist.settings, artist.windows, artist.mask, artist.seeds):
            if not sys.argv[1:] or deed.__name__ in sys.argv[1:]:
                deed()
                print("passed:", deed.__name__)
        print("ok")
    except (Failed, subprocess.CalledProcessError, sqlite3.Error) as error:
        print("FAILED:", error)
        print(artist.program.report())
        print("# the keyboard is at", artist.tree.focused())
        print(artist.tree.fetch().outline())
        shoot(os.path.join(SHOTS, "keyboard-failed.png"))
        return 1
    finally:
        artist.program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
