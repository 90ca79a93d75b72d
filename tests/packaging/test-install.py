#!/usr/bin/env python3
"""What `meson install` puts where: that it is all there, valid, free of the build's paths, and runs.

test-install.py BUILD
    writes TAP; installs the finished build in BUILD, without rebuilding it, below a folder that goes away afterwards

The places are those of the specifications of freedesktop.org (desktop entries, icon theme, AppStream, D-Bus) and of
GNOME Shell. Knows the build's options by the environment that meson.build sets. Changes nothing of the system: where
a program must find its files by the paths compiled into it, they are laid over the system's in a namespace of its own.

SPDX-License-Identifier: MIT
"""

import configparser
import gettext
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from tap import Skip, run_cases  # noqa: E402

APP_ID = "io.github.eshi_app.Eshi"
SOURCE = Path(__file__).resolve().parent.parent.parent
PREFIX = os.environ["ESHI_BUILD_PREFIX"]
LIBDIR = os.environ["ESHI_BUILD_LIBDIR"]
TIMEOUT_S = 120

COMMON = {
    "bin/eshi-cli",
    f"share/applications/{APP_ID}.desktop",
    "share/bash-completion/completions/eshi-cli",
    f"share/dbus-1/services/{APP_ID}.service",
    "share/eshi/help/C/guide.html",
    "share/eshi/help/ja/guide.html",
    f"share/glib-2.0/schemas/{APP_ID}.gschema.xml",
    f"share/gnome-shell/search-providers/{APP_ID}.search-provider.ini",
    f"share/icons/hicolor/scalable/apps/{APP_ID}.svg",
    f"share/icons/hicolor/symbolic/apps/{APP_ID}-symbolic.svg",
    "share/locale/ja/LC_MESSAGES/eshi.mo",
    "share/man/ja/man1/eshi-cli.1",
    "share/man/man1/eshi-cli.1",
    f"share/metainfo/{APP_ID}.metainfo.xml",
}


class Tree:
    """The installed files below a DESTDIR, by their names below the prefix."""

    def __init__(self, build, destdir):
        self.build = build
        self.destdir = Path(destdir)
        self.root = Path(str(destdir) + PREFIX)

    def install(self):
        subprocess.run(["meson", "install", "-C", self.build, "--no-rebuild", "--strip", "--quiet",
                        "--destdir", str(self.destdir)], check=True, capture_output=True, text=True, timeout=TIMEOUT_S)

    def names(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}

    def ini(self, name):
        parser = configparser.RawConfigParser(strict=True)
        parser.optionxform = str
        parser.read_string((self.root / name).read_text(encoding="utf-8"))
        return parser


def tool(name):
    if shutil.which(name) is None:
        raise Skip(f"{name} is not installed")
    return name


def check(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          timeout=TIMEOUT_S, **options)


def expected_names():
    """The files that belong to this build; those of folders installed whole are counted in the sources."""
    libraries = {f"{LIBDIR}/eshi/libeshi-engine.so", f"{LIBDIR}/eshi/libeshi-engine.so.0"}
    names = COMMON | libraries
    if os.environ["ESHI_BUILD_UI"] == "yes":
        names |= {"bin/eshi", "share/man/man1/eshi.1", "share/man/ja/man1/eshi.1"}
    if os.environ["ESHI_BUILD_CPU"] == "yes":
        names |= {f"{LIBDIR}/eshi/libeshi-cpu.so"}
    for folder in ("model/mame", "tokenizer/clip"):
        top = SOURCE / "data" / folder
        names |= {f"share/eshi/{folder}/{path.relative_to(top)}" for path in top.rglob("*") if path.is_file()}
    return names


def is_optional(name):
    """What only some builds have: the library under its full version, and the plugin that nvcc makes."""
    return name.startswith(f"{LIBDIR}/eshi/libeshi-engine.so.0.") or name == f"{LIBDIR}/eshi/libeshi-cuda.so"


def test_files(tree):
    found, wanted = tree.names(), expected_names()
    assert not wanted - found, f"not installed: {sorted(wanted - found)}"
    strange = {name for name in found - wanted if not is_optional(name)}
    assert not strange, f"installed, and nobody knows why: {sorted(strange)}"
    outside = [path for path in tree.destdir.rglob("*") if path.is_file() and tree.root not in path.parents]
    assert not outside, f"installed outside the prefix: {outside}"


def test_modes(tree):
    for name in tree.names():
        path = tree.root / name
        if not path.is_symlink():
            program = name.startswith("bin/") or ".so" in path.name
            assert path.stat().st_mode & 0o777 in ((0o755,) if program else (0o644,)), f"{name}: {path.stat().st_mode:o}"


def test_no_paths_of_the_build(tree):
    # Whole paths: a tree in /src is not in "../src/main.c".
    folders = b"|".join(re.escape(os.fsencode(path)) for path in (tree.build, SOURCE, tree.destdir))
    forbidden = re.compile(rb"(?<![\w./-])(?:" + folders + rb")/[\w./-]*")
    for name in tree.names():
        found = forbidden.search((tree.root / name).read_bytes())
        assert found is None, f"{name} contains {found.group()[:120]!r}"


def test_desktop_file(tree):
    name = f"share/applications/{APP_ID}.desktop"
    entry = tree.ini(name)["Desktop Entry"]
    assert (tree.root / "bin" / entry["Exec"].split()[0]).exists() or os.environ["ESHI_BUILD_UI"] == "no", entry["Exec"]
    assert entry["Icon"] == APP_ID and entry["DBusActivatable"] == "true"
    assert "Comment[ja]" in entry and "Keywords[ja]" in entry
    check(tool("desktop-file-validate"), tree.root / name)


def test_dbus_service(tree):
    service = tree.ini(f"share/dbus-1/services/{APP_ID}.service")["D-BUS Service"]
    assert service["Name"] == APP_ID
    assert service["Exec"].split() == [f"{PREFIX}/bin/eshi", "--gapplication-service"]


def test_search_provider(tree):
    provider = tree.ini(f"share/gnome-shell/search-providers/{APP_ID}.search-provider.ini")["Shell Search Provider"]
    assert f"share/applications/{provider['DesktopId']}" in tree.names()
    assert provider["BusName"] == APP_ID and provider["Version"] == "2"
    assert provider["ObjectPath"] == "/" + APP_ID.replace(".", "/") + "/SearchProvider"


def test_metainfo(tree):
    name = f"share/metainfo/{APP_ID}.metainfo.xml"
    component = ElementTree.parse(tree.root / name).getroot()
    assert f"share/applications/{component.findtext('launchable')}" in tree.names()
    languages = {summary.get("{http://www.w3.org/XML/1998/namespace}lang") for summary in component.iter("summary")}
    assert languages == {None, "ja"}, languages
    check(tool("appstreamcli"), "validate", "--no-net", tree.root / name)


def test_icons(tree):
    for folder, suffix in (("scalable", ""), ("symbolic", "-symbolic")):
        svg = ElementTree.parse(tree.root / f"share/icons/hicolor/{folder}/apps/{APP_ID}{suffix}.svg").getroot()
        assert svg.tag == "{http://www.w3.org/2000/svg}svg" and svg.get("width") == svg.get("height"), svg.attrib


def test_schema(tree):
    check(tool("glib-compile-schemas"), "--strict", "--dry-run", tree.root / "share/glib-2.0/schemas")


def test_catalogue(tree):
    with (tree.root / "share/locale/ja/LC_MESSAGES/eshi.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.info()["language"] == "ja"
    assert catalogue.gettext("Paint with Japanese words") != "Paint with Japanese words"


def test_man_pages(tree):
    for folder, heading in (("man1", "NAME"), ("ja/man1", "名前")):
        page = (tree.root / "share/man" / folder / "eshi-cli.1").read_text(encoding="utf-8")
        assert ".TH" in page and heading in page, folder


def test_completion(tree):
    completion = tree.root / "share/bash-completion/completions/eshi-cli"
    check(tool("bash"), "-c", 'source "$1" && complete -p eshi-cli', "bash", completion)


def laid_over(tree):
    """Words before a command that runs it where the installed files lie at the prefix."""
    script = f"mount -t overlay overlay -o lowerdir={tree.root}:{PREFIX} {PREFIX} && exec \"$@\""
    words = [tool("unshare"), "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    probe = subprocess.run([*words, "true"], check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    if probe.returncode != 0:
        raise Skip("no namespaces with overlays here: " + probe.stderr.strip().replace("\n", " "))
    return words


def bare_environment(home):
    """No variable of ours, so that only the paths compiled in lead anywhere."""
    return {"PATH": f"{PREFIX}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": home, "XDG_DATA_HOME": f"{home}/data"}


def test_installed_program_paints(tree):
    words = laid_over(tree)
    with tempfile.TemporaryDirectory(prefix="eshi-home-") as home:
        check(*words, "eshi-cli", "generate", "-p", "猫 油絵", "--steps", "2", "-o", "cat.png",
              env=bare_environment(home), cwd=home)
        assert (Path(home) / "cat.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_installed_program_finds_its_plugin(tree):
    if os.environ["ESHI_BUILD_CPU"] != "yes":
        raise Skip("this build has no CPU plugin")
    with tempfile.TemporaryDirectory(prefix="eshi-home-") as home:
        devices = check(*laid_over(tree), "eshi-cli", "devices", env=bare_environment(home), cwd=home).stdout
    used = [line for line in devices.splitlines() if line.startswith("*")]
    assert any(line.split()[1] in ("cpu", "cuda") for line in used), devices


def test_installed_program_speaks_japanese(tree):
    with tempfile.TemporaryDirectory(prefix="eshi-home-") as home:
        japanese = bare_environment(home) | {"LANGUAGE": "ja"}
        said = check(*laid_over(tree), "eshi-cli", "--help", env=japanese, cwd=home).stdout
    assert "使い方" in said, said


def main():
    with tempfile.TemporaryDirectory(prefix="eshi-install-") as destdir:
        tree = Tree(str(Path(sys.argv[1]).resolve()), destdir)
        tree.install()
        return run_cases("/eshi/install", globals(), tree)


sys.exit(main())
