#!/usr/bin/env python3
"""What `meson dist` packs, and whether everything that names a version names the same one.

test-dist.py BUILD VERSION
    writes TAP; VERSION is the one in meson.build

NEWS is in the text format that appstreamcli reads (appstreamcli news-to-metainfo). Packs what is committed, not what
lies in the folder; compiles nothing.

SPDX-License-Identifier: MIT
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from tap import Skip, run_cases  # noqa: E402

SOURCE = Path(__file__).resolve().parent.parent.parent
METAINFO = SOURCE / "data" / "io.github.eshi_app.Eshi.metainfo.xml.in"
TIMEOUT_S = 150


def run(*command, cwd=SOURCE):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=cwd).stdout


def committed():
    if not (SOURCE / ".git").exists() or shutil.which("git") is None:
        raise Skip("this is no checkout of git's")
    try:
        return set(run("git", "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")) - {""}
    except subprocess.CalledProcessError as error:
        raise Skip(f"git does not read this checkout: {error.stderr.strip()}") from error


class Given:
    """The build, its version, and the archive once it is packed."""

    def __init__(self, build, version, folder):
        self.build = build
        self.version = version
        self.folder = folder

    def pack(self):
        archive = self.folder / f"eshi-{self.version}.tar.gz"
        if not archive.exists():
            run("meson", "dist", "-C", self.build, "--no-tests", "--allow-dirty", "--formats", "gztar")
            shutil.move(Path(self.build) / "meson-dist" / archive.name, archive)
        return archive


def release_texts(release):
    return [" ".join(part.text.split()) for part in release.iter() if part.tag in ("p", "li")]


def metainfo_releases():
    """(version, date, texts) of each release, the newest first."""
    releases = ElementTree.parse(METAINFO).getroot().find("releases")
    return [(one.get("version"), one.get("date"), release_texts(one)) for one in releases]


def news_releases():
    """The same of NEWS."""
    text = (SOURCE / "NEWS").read_text(encoding="utf-8")
    parts = re.split(r"^Version (\S+)\n~+\nReleased: (\S+)\n", text, flags=re.MULTILINE)[1:]
    return [(parts[i], parts[i + 1], " ".join(parts[i + 2].split())) for i in range(0, len(parts), 3)]


def test_archive_is_what_is_committed(given):
    wanted = committed()
    with tarfile.open(given.pack()) as tar:
        packed = {entry.name.split("/", 1)[1] for entry in tar if not entry.isdir()}
    assert packed == wanted, f"differ: {sorted(packed ^ wanted)[:20]}"


def test_archive_configures_without_git(given):
    committed()
    run("tar", "-xzf", str(given.pack()), cwd=given.folder)
    run("meson", "setup", "build", "-Dtests=false", cwd=given.folder / f"eshi-{given.version}")


def test_news_agree_with_metainfo(given):
    told, listed = news_releases(), metainfo_releases()
    assert told and told[0][0] == given.version == listed[0][0], (told[0][0], given.version, listed[0][0])
    assert [one[:2] for one in told] == [one[:2] for one in listed], "NEWS and metainfo list other releases"
    for (version, _, news), (_, _, texts) in zip(told, listed):
        missing = [text for text in texts if text not in news]
        assert not missing, f"{version}: NEWS does not say {missing}"


def test_news_are_readable_by_appstream(_given):
    if shutil.which("appstreamcli") is None:
        raise Skip("appstreamcli is not installed")
    run("appstreamcli", "news-to-metainfo", "--format=text", "NEWS", "-")


def dependencies(heading):
    """Names in the first column of the table under a heading of docs/dependencies.md."""
    text = (SOURCE / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE))


def test_debian_builds_with_the_packages_of_dev(_given):
    field = re.search(r"^Build-Depends:\n((?: .*\n)+)", (SOURCE / "debian" / "control").read_text(encoding="utf-8"), re.M)
    asked = set(re.findall(r"^ ([a-z0-9.+-]+)", field[1], flags=re.MULTILINE)) - {"debhelper-compat"}
    # Essential for every Debian build, or brought by meson and libglib2.0-dev.
    given_anyhow = {"gcc", "libc6-dev", "ninja-build", "libglib2.0-dev-bin"}
    assert asked == dependencies("Build") - given_anyhow, sorted(asked ^ dependencies("Build"))


def test_debian_has_the_same_version(given):
    first = (SOURCE / "debian" / "changelog").read_text(encoding="utf-8").split("\n", 1)[0]
    assert first.startswith(f"eshi ({given.version}) "), first


def main():
    with tempfile.TemporaryDirectory(prefix="eshi-dist-") as folder:
        return run_cases("/eshi/dist", globals(), Given(sys.argv[1], sys.argv[2], Path(folder)))


sys.exit(main())
