#!/usr/bin/python3
"""test-download.py: a download that goes wrong, as the artist sees it: what the window says, and what its buttons do.

The hub refuses, breaks off, sends other bytes; the disk is too small, and full in the middle. Each is said in Japanese,
and nothing that is half there is ever listed as a model. Run by tests/ui/rig --as-root, which may mount small disks.
SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from driver import Failed, application, run, set_text, shoot, skip, wait_until
    from offer import MODEL, MODELS, TARGET, accept, open_offer, serve, start, token_entry
    from tree import Tree
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

SHOTS = os.environ.get("ESHI_TEST_SHOTS", os.environ["RIG_FOLDER"])
REPO = "rinna/japanese-stable-diffusion"
STAGING = MODELS / ".downloads" / REPO.replace("/", "--")
UNET = "unet/diffusion_pytorch_model.safetensors"
DOWNLOAD, AGAIN, GO_ON, PAUSE, DISCARD, USE = ("ダウンロード", "もう一度", "続ける", "一時停止", "中止して破棄", "すぐに使う")
SPARE_MB = 64  # that a download leaves free
BUTTONS = {"idle": {DOWNLOAD}, "begun": {GO_ON}, "failed": {AGAIN, DISCARD}, "running": {PAUSE, DISCARD},
           "paused": {GO_ON, DISCARD}, "done": {USE}}


class Offer:
    """What is to be seen of the offer at one moment, and what can be done there."""

    def __init__(self, program, root):
        self.program, self.root = program, root
        self.tree = Tree(application(program))
        self.tree.root = root.path

    def look(self):
        """(labels, names of the buttons below), of what is visible."""
        visible = [node for node in self.tree.fetch().walk() if node.visible]
        labels = [node.name for node in visible if node.role == "label"]
        names = {node.name.split("(")[0] for node in visible if node.role == "push button"}
        return labels, names & set.union(*BUTTONS.values())

    def wait(self, state, *words):
        """Waits until the buttons are those of STATE and a label says all the WORDS; returns it."""
        seen = []

        def check():
            seen[:] = self.look()
            return seen[1] == BUTTONS[state] and next((label for label in seen[0]
                                                       if all(word in label for word in words)), None)
        try:
            return wait_until(check, f"the offer to be {state}, with {words}", 40)
        except Failed as failure:
            raise Failed(f"{failure}; there were {seen}") from None

    def click(self, words):
        self.tree.push(words)

    def discard(self):
        self.click(DISCARD)
        self.wait("idle")
        assert not STAGING.exists(), "what had arrived was kept"


def check_no_model(what):
    """Neither the folder, nor the list of the window, nor that of the command line."""
    assert not TARGET.exists(), f"{what}: there is a model"
    listed = subprocess.run([os.environ["ESHI_CLI"], "models"], capture_output=True, text=True, check=True).stdout
    assert "japanese-stable-diffusion" not in listed, f"{what}: {listed}"


def refuse(offer, what, *words):
    """The download is begun, or begun again, and ends in these WORDS."""
    before = offer.look()[1]
    offer.click(AGAIN if AGAIN in before else DOWNLOAD if DOWNLOAD in before else GO_ON)
    text = offer.wait("failed", *words)
    check_no_model(what)
    assert not offer.program.count("MODELS"), f"{what}: the models were looked for again"
    print(f"passed: {what}: {text}")


def refusals(offer, hub):
    """What the hub answers, before anything has arrived."""
    asked = f"/api/models/{REPO}"
    hub.token = "hf_right"
    refuse(offer, "401 without a token", "アクセストークンが必要です", "settings/tokens")
    set_text(token_entry(offer.root), "hf_wrong")
    refuse(offer, "401 with a wrong token", "アクセストークンを受け付けません")
    set_text(token_entry(offer.root), "hf_right")
    for status, headers, *words in ((403, {"X-Error-Code": "GatedRepo"}, "ライセンスに同意する必要があります", f"{hub.url}/{REPO}"),
                                    (404, {}, "ハブに「", "はありません"),
                                    (429, {}, "要求が多すぎる", "数分待って"),
                                    (500, {}, "ハブの側で障害が起きています(500)", "時間をおいて")):
        hub.statuses[asked] = [(status, headers)]
        refuse(offer, str(status), *words)
    hub.statuses.clear()
    offer.discard()


def waits(offer, hub):
    """A hub that is busy says for how long: that is waited for, and can be paused at once."""
    hub.statuses[f"/{REPO}/resolve/"] = [(429, {"Retry-After": "60"})]
    offer.click(DOWNLOAD)
    print("passed: waiting:", offer.wait("running", "要求が多すぎる", "60 秒後にもう一度つなぎます"))
    offer.click(PAUSE)
    offer.wait("paused")
    hub.statuses.clear()


def breaks(offer, hub):
    """In the middle of a file; what arrived stays for the next try."""
    hub.cut = 0
    offer.click(GO_ON)
    text = offer.wait("failed", "接続が何度も切れました", "届いた分は残してあります")
    check_no_model("cut")
    print("passed: cut:", text)
    hub.cut = None
    hub.wrong = {UNET}
    refuse(offer, "wrong hash", f"「{UNET}」が二度とも壊れて届きました")
    hub.wrong = set()
    assert any(STAGING.rglob("model.safetensors")), "what was whole was thrown away"
    offer.discard()


def mount_disk(megabytes):
    """A small disk for the models; why there is none where it cannot be had."""
    MODELS.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-o", f"size={megabytes}m", "-t", "tmpfs", "eshi-test", MODELS], capture_output=True,
                             text=True, check=False)
    return mounted.stderr.strip() if mounted.returncode != 0 else None


def small_disk(offer):
    """Without room for all of it nothing is begun."""
    reason = mount_disk(SPARE_MB)
    if reason:
        print("# not asked: what is said of a small disk, for none could be mounted:", reason)
        return False
    refuse(offer, "small disk", "空きが必要ですが", "空きを作って、もう一度始めてください")
    offer.discard()
    return True


def full_disk(offer, hub):
    """Another program takes the room meanwhile; with room again it goes on where it was, and is whole."""
    size = sum(blob.size for blob in hub.files.values())
    run("mount", "-o", f"remount,size={(size >> 20) + SPARE_MB + 8}m", str(MODELS))
    hub.drip = 0.02
    offer.click(DOWNLOAD)
    wait_until(lambda: any(STAGING.rglob("*.part")), "something to arrive")
    ballast = MODELS / ".ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * (1 << 20))
        except OSError:
            pass
    hub.drip = 0
    text = offer.wait("failed", "ディスクがいっぱいです", "届いた分は残してあります")
    shoot(os.path.join(SHOTS, "download-full-disk.png"))
    check_no_model("full disk")
    print("passed: full disk:", text)
    ballast.unlink()


def finishes(offer, hub, words):
    """It is listed the moment it is whole, and not before."""
    sent = hub.n_sent
    offer.click(words)
    offer.wait("done", "モデルがそろいました")
    offer.program.wait("MODELS 2")
    assert TARGET.exists() and not STAGING.exists()
    print(f"passed: whole, with {(hub.n_sent - sent) >> 20} MB fetched at the end")


def main():
    for program in ("xdotool", "import"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    if not os.path.exists(os.path.join(MODEL, "mame", "model_index.json")):
        skip("there is no finished model")
    if os.environ["RIG_JAPANESE"] != "yes":
        skip("there is no Japanese locale")
    hub = serve()
    program = start(hub)
    offer = None
    try:
        root = open_offer(program)
        offer = Offer(program, root)
        accept(root)
        program.forget()
        refusals(offer, hub)
        waits(offer, hub)
        breaks(offer, hub)
        mounted = small_disk(offer)
        if mounted:
            full_disk(offer, hub)
        finishes(offer, hub, AGAIN if mounted else DOWNLOAD)
        assert not hub.leaked, "the token went to another host"
    except (Failed, AssertionError, subprocess.CalledProcessError) as failure:
        print("FAILED:", failure)
        print(program.report())
        if offer is not None:
            print(offer.tree.fetch().outline())
        shoot(os.path.join(SHOTS, "download-failed.png"))
        return 1
    finally:
        program.end()
        hub.close()
        subprocess.run(["umount", MODELS], capture_output=True, check=False)  # so that the rig can remove its folder
    return 0


if __name__ == "__main__":
    sys.exit(main())
