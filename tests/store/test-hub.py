#!/usr/bin/env python3
"""Downloads from a hub that behaves badly: each ends in the right words, and nothing half-written looks like a model.

test-hub.py ESHI_CLI        writes TAP

Every model that is downloaded is compared byte for byte with what the server has. ESHI_TEST_BIG_MB says how large the
file is whose download is killed; 256 if unset, to be quick.

SPDX-License-Identifier: MIT
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hub import REPO, REVISION, SMALL, WEIGHTS, Hub, weight_blob  # noqa: E402

CLI = str(Path(sys.argv[1]).resolve())
BIG_BYTES = int(os.environ.get("ESHI_TEST_BIG_MB", "256")) << 20
UNET = f"/{REPO}/resolve/{REVISION}/unet"
OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
TIMEOUT_S = 100


class Case:
    """A home of its own and a hub."""

    def __init__(self, folder, hub):
        self.folder, self.hub = Path(folder), hub
        self.env = dict(os.environ, LC_ALL="C.UTF-8", HOME=folder, XDG_DATA_HOME=f"{folder}/data",
                        XDG_CONFIG_HOME=f"{folder}/config", XDG_CACHE_HOME=f"{folder}/cache", ESHI_HUB_RETRY_MS="10",
                        ESHI_HUB_TIMEOUT_S="5", ESHI_HUB_URL=hub.url, no_proxy="127.0.0.1")
        for name in ("LANGUAGE", "HF_TOKEN", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            self.env.pop(name, None)
        self.models = self.folder / "data/eshi/models"
        self.target = self.models / REPO.split("/")[1]

    def start(self, *args, wrapper=(), env=None):
        return subprocess.Popen([*wrapper, CLI, "models", "download", *args], env={**self.env, **(env or {})},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def download(self, *args, **kwargs):
        process = self.start("--accept-license", *args, **kwargs)
        output, errors = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, output.decode(), errors.decode()

    def succeed(self, *args, **kwargs):
        status, output, errors = self.download(*args, **kwargs)
        assert status == OK, f"exit status {status}: {errors}"
        assert output == f"{self.target}\n", output
        self.check_whole()

    def refuse(self, words, *args, status=FAILED, **kwargs):
        """It ends with one sentence that has WORDS in it, and no model is there, neither for us nor for the lister."""
        got, output, errors = self.download(*args, **kwargs)
        last = errors.strip().split("\n")[-1]
        assert got == status, f"exit status {got}, not {status}: {errors}"
        assert last.startswith("eshi-cli: ") and words in last and last.endswith("."), f"no {words!r} in {last!r}"
        assert output == "", output
        self.check_absent()

    def check_absent(self):
        assert not self.target.exists(), "there is a model"
        listed = subprocess.run([CLI, "models"], env=self.env, capture_output=True, check=True, timeout=TIMEOUT_S)
        assert b"japanese-stable-diffusion" not in listed.stdout, "a half model is listed"

    def check_whole(self):
        files = {str(path.relative_to(self.target)) for path in self.target.rglob("*") if path.is_file()}
        assert files == {*SMALL, *WEIGHTS, "eshi-download.json"}, files
        for name in [*SMALL, *WEIGHTS]:
            with open(self.target / name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else None
                if digest is None:
                    digest = hashlib.sha256()
                    while piece := file.read(1 << 20):
                        digest.update(piece)
            assert digest.hexdigest() == self.hub.files[name].sum("sha256"), f"{name} differs"


def case_whole(case):
    case.succeed()
    assert not any("ckpt" in path or "msgpack" in path or "fp16" in path for path in case.hub.seen), case.hub.seen
    code, _, errors = case.download()
    assert code == FAILED and "is here already" in errors, errors


def case_licence_first(case):
    process = case.start()
    _, errors = process.communicate(timeout=TIMEOUT_S)
    text = errors.decode()
    assert process.returncode == USAGE and "creativeml-openrail-m" in text and "--accept-license" in text, text
    assert not any(name in path for path in case.hub.seen for name in WEIGHTS), "fetched before it was accepted"
    case.check_absent()
    case.succeed()
    kept = (case.folder / "config/eshi/licences").read_text(encoding="utf-8")
    assert f"[{REPO}]" in kept and "accepted=20" in kept and "creativeml-openrail-m" in kept, kept


def case_cut_every_112_kib(case):
    case.hub.cut = 112 << 10
    case.succeed()
    assert sum(WEIGHTS[0] in path for path in case.hub.seen) > 10, "was not cut"


def case_cut_without_ranges(case):
    case.hub.cut, case.hub.ranges = 112 << 10, False
    case.refuse("cannot go on in the middle of")


def case_ranges_ignored_once(case):
    case.hub.cut, case.hub.n_cuts, case.hub.ranges = 112 << 10, 2, False
    case.succeed()


def case_cut_at_once(case):
    case.hub.cut = 0
    case.refuse("The connection broke again and again")


def case_listed_length_differs(case):
    case.hub.listed[WEIGHTS[1]] = (700 << 10) - 1
    case.refuse("has another length on the server")


def case_served_too_short(case):
    case.hub.wrong_length.add(WEIGHTS[1])
    case.refuse("has another length on the server")


def case_wrong_sum(case):
    case.hub.wrong.add(WEIGHTS[2])
    case.refuse("arrived damaged twice")
    case.hub.wrong.clear()
    case.succeed()


def case_wrong_sum_of_a_small_file(case):
    case.hub.wrong.add("unet/config.json")
    case.refuse("arrived damaged twice")


def case_token_missing_then_wrong_then_right(case):
    case.hub.token = "hf_right"
    case.refuse("only to people with an access token")
    path = case.folder / "token"
    path.write_text("hf_wrong\n", encoding="utf-8")
    case.refuse("does not accept the access token", "--token-file", str(path))
    path.write_text("hf_right\n", encoding="utf-8")
    case.succeed("--token-file", str(path))
    assert case.hub.leaked == [], "the token went to another host"


def case_token_file_is_none(case):
    case.refuse("holds no access token", "--token-file", "/dev/null", status=USAGE)


def case_licence_on_the_hub(case):
    case.hub.statuses[f"/{REPO}/resolve"] = [(403, {"X-Error-Code": "GatedRepo"})]
    case.refuse(f"open {case.hub.url}/{REPO}, accept it")


def case_no_such_model(case):
    case.refuse("There is no “rinna/nothing” on the hub", "rinna/nothing")
    case.refuse("is no name of a model", "../../etc", status=FAILED)


def case_file_not_found(case):
    case.hub.statuses[f"/{REPO}/resolve"] = [(404, {})]
    case.refuse("There is no “rinna/japanese-stable-diffusion/")


def case_unknown_without_token(case):
    case.hub.statuses["/api"] = [(401, {"X-Error-Code": "RepoNotFound"})]
    case.refuse("keeps it from people without the right access token")


def case_busy(case):
    case.hub.statuses[UNET] = [(429, {}), None]
    case.succeed()


def case_busy_for_ever(case):
    case.hub.statuses["/api"] = [(429, {})]
    case.refuse("too many requests")


def case_busy_says_when(case):
    case.hub.statuses[UNET] = [(429, {"Retry-After": "2"}), None]
    start = time.monotonic()
    case.succeed()
    assert time.monotonic() - start >= 2.0, "came back too early"


def case_server_fault(case):
    case.hub.statuses[UNET] = [(500, {}), (503, {}), None]
    case.succeed()
    assert case.hub.statuses[UNET] == [None]


def case_server_fault_for_ever(case):
    case.hub.statuses[f"/{REPO}/resolve"] = [(500, {})]
    case.refuse("has a fault of its own (500)")


def case_redirect_loop(case):
    case.hub.redirect = f"{case.hub.url}/{REPO}/resolve/{REVISION}/{WEIGHTS[0]}"
    case.refuse("from one address to the next without end")


def case_redirect_to_a_file(case):
    case.hub.redirect = "file:///etc/passwd"
    case.refuse("to an address without protection")


def case_slow_drip(case):
    case.hub.drip = 0.005
    case.succeed()


def case_login_page(case):
    case.hub.html = True
    case.refuse("cannot be understood")


def case_hostile_paths(case):
    blob = case.hub.files["unet/config.json"]
    case.hub.files["unet/../../../../evil.json"] = blob
    case.hub.files["tokenizer/../evil.json"] = blob
    case.hub.files["/tokenizer/evil.json"] = blob
    case.succeed()
    assert not list(case.folder.rglob("evil.json"))


def case_nobody_there(case):
    case.refuse("cannot be reached", "--hub", "http://127.0.0.1:9")
    case.refuse("is no address of a hub", "--hub", "nonsense", status=FAILED)


def case_disk_too_small(case):
    case.hub.listed[WEIGHTS[1]] = 1 << 40
    case.refuse("make room")


def case_disk_full_in_the_middle(case):
    """A file system of 4 MB would be too small from the start, so the file's size is limited instead: writing fails."""
    limited = ["bash", "-c", 'ulimit -f 400; trap "" XFSZ; exec "$0" "$@"']
    case.refuse("cannot be written", wrapper=limited)
    case.succeed()


def case_another_program(case):
    case.hub.drip = 0.05
    first = case.start("--accept-license")
    wait_for(lambda: case.hub.n_sent > 100000)
    case.refuse("Another program is downloading this model")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=TIMEOUT_S)
    assert first.returncode == INTERRUPTED, first.returncode
    case.check_absent()


def wait_for(done):
    end = time.monotonic() + TIMEOUT_S
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def case_killed_in_the_middle(case):
    case.hub.files[WEIGHTS[1]] = weight_blob(WEIGHTS[1], BIG_BYTES)
    process = case.start("--accept-license")
    wait_for(lambda: case.hub.n_sent > BIG_BYTES // 2)
    process.kill()
    process.communicate(timeout=TIMEOUT_S)
    case.check_absent()
    before = case.hub.n_sent
    case.succeed()
    assert case.hub.n_sent - before < BIG_BYTES * 6 // 10, f"{case.hub.n_sent - before} bytes came twice"


def case_killed_part_was_damaged(case):
    case.hub.cut = 300 << 10
    case.hub.statuses[f"/{REPO}/resolve/"] = [None, (404, {})]
    staging = case.models / ".downloads" / REPO.replace("/", "--")
    case.download()
    case.hub.statuses.clear()
    case.hub.cut = None
    parts = list(staging.rglob("*.part")) + [path for path in staging.rglob("*") if path.suffix in (".json", ".bin")]
    assert parts
    for part in parts:
        data = bytearray(part.read_bytes())
        if data:
            data[0] ^= 1
            part.write_bytes(data)
    case.succeed()


def case_verify(case):
    case.succeed()
    run = lambda: subprocess.run([CLI, "models", "verify", REPO], env=case.env, capture_output=True,  # noqa: E731
                                 timeout=TIMEOUT_S, check=False)
    result = run()
    assert result.returncode == OK and b"12 files are as they were downloaded" in result.stdout, result
    path = case.target / WEIGHTS[1]
    data = bytearray(path.read_bytes())
    data[12345] ^= 1
    path.write_bytes(data)
    result = run()
    assert result.returncode == FAILED and WEIGHTS[1].encode() in result.stderr, result


def main():
    cases = [(name[5:].replace("_", "-"), run) for name, run in globals().items() if name.startswith("case_")]
    chosen = [pair for pair in cases if not sys.argv[2:] or pair[0] in sys.argv[2:]]
    print(f"1..{len(chosen)}", flush=True)
    failed = False
    for number, (name, run) in enumerate(chosen, 1):
        hub = Hub()
        start = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                run(Case(folder, hub))
            print(f"ok {number} {name} # {time.monotonic() - start:.1f} s", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} {name}")
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
        finally:
            hub.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
