"""The checks are checked: each tool must find what was planted for it, and leave sound code alone.

SPDX-License-Identifier: MIT
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"

SOUND = """static const char *names[] = {
  "a",    "b", "c",
};

static gboolean
eshi_thing_do (EshiThing     *self,
               const double  *values,
               gsize          n_values,
               GError       **error)
{
  g_autoptr(GBytes) bytes = NULL;

  g_set_error (error, 1, 2,
               _("One sentence, and "
                 "its end: %s"),
               names[0]);
  return values != NULL &&
         n_values > 0;
}
"""


def tool(name, *arguments, stdin=None):
    return subprocess.run([TOOLS / name, *arguments], input=stdin, capture_output=True, text=True, check=False)


class GuideTests(unittest.TestCase):
    def build(self, picture):
        """The page that holds PICTURE, and the tool's exit status."""
        with tempfile.TemporaryDirectory() as folder:
            page, result = Path(folder) / "page.html", Path(folder) / "result.html"
            page.write_text('<a href="#a">a</a><img src="picture.webp" alt="b">', encoding="utf-8")
            (Path(folder) / "picture.webp").write_bytes(picture)
            status = tool("build-guide", page, result).returncode
            return result.read_text(encoding="utf-8") if result.exists() else None, status

    def test_pictures_are_inside(self):
        self.assertEqual(self.build(b"RIFF\4\0\0\0WEBP"),
                         ('<a href="#a">a</a><img src="data:image/webp;base64,UklGRgQAAABXRUJQ" alt="b">', 0))

    def test_other_pictures_are_refused(self):
        self.assertEqual(self.build(b"\x89PNG"), (None, 1))


class CountTests(unittest.TestCase):
    def count(self, *tests):
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder) / "testlog"
            base.with_suffix(".json").write_text("\n".join(map(json.dumps, tests)), encoding="utf-8")
            result = tool("count-tests", base)
        return result.stdout.splitlines()[-1], result.returncode

    def test_tap_lines_are_cases(self):
        tap = "ok 1 /a\nok 2 /b # SKIP no display\n# ok 3 in a comment\nnot ok 3 /c\n"
        self.assertEqual(self.count({"name": "t", "result": "FAIL", "stdout": tap}), ("1 passed, 1 failed, 1 skipped", 1))

    def test_crash_counts_once(self):
        self.assertEqual(self.count({"name": "t", "result": "ERROR", "stdout": "ok 1 /a\n"}),
                         ("1 passed, 1 failed, 0 skipped", 1))

    def test_plain_program(self):
        self.assertEqual(self.count({"name": "t", "result": "OK"}, {"name": "u", "result": "SKIP", "stdout": ""}),
                         ("1 passed, 0 failed, 1 skipped", 0))

    def test_nothing_ran(self):
        self.assertEqual(self.count(), ("0 passed, 0 failed, 0 skipped", 1))
        self.assertEqual(tool("count-tests", "/nowhere/testlog").returncode, 1)


class Parity(unittest.TestCase):
    def check(self, *lines):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "testlog.json"
            log.write_text(json.dumps({"stdout": "\n".join(lines)}), encoding="utf-8")
            return tool("parity", "--check", log)

    def test_no_rows(self):
        self.assertEqual(self.check("ok 1 /a", "# parity of nothing").returncode, 0)

    def test_row_that_the_page_lacks(self):
        result = self.check("# parity|planted|what|oracle 1|1e-7|1e-6", "# parity|planted|what|oracle 1|2e-7|1e-6")
        self.assertEqual(result.returncode, 1)
        self.assertIn("planted: what, oracle 1, 1e-6\ndocs/parity.md lacks 1 of 1 rows", result.stdout)

    def test_broken_row(self):
        self.assertEqual(self.check("# parity|planted|what|1e-7|1e-6").returncode, 1)


class Lineup(unittest.TestCase):
    def formatted(self, text):
        with tempfile.NamedTemporaryFile("w+", suffix=".c", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if tool("format", file.name).returncode == 77:
                self.skipTest("clang-format is not installed")
            return Path(file.name).read_text(encoding="utf-8")

    def test_sound_code_stays(self):
        self.assertEqual(self.formatted(SOUND), SOUND)

    def test_unsound_code_is_mended(self):
        crooked = SOUND.replace("EshiThing     *self", "EshiThing *self").replace("_(", "_ (")
        crooked = crooked.replace("!= NULL &&\n         n_values", "!= NULL\n         && n_values")
        self.assertNotEqual(crooked, SOUND)
        self.assertEqual(self.formatted(crooked), SOUND)


class Functions(unittest.TestCase):
    def check(self, n_lines):
        with tempfile.NamedTemporaryFile("w+", suffix=".c", encoding="utf-8") as file:
            file.write("void\nlong_one (void)\n{\n" + "  call ();\n" * n_lines + "}\n")
            file.flush()
            return tool("check-functions", file.name).returncode

    def test_limit(self):
        self.assertEqual(self.check(100), 0)
        self.assertEqual(self.check(130), 1)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
