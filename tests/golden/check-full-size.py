#!/usr/bin/env python3
"""One model of full size as PyTorch and safetensors write it, in a folder and in single files: the same picture.

check-full-size.py ESHI_CLI SCRATCH [SPIECE_MODEL]
    makes a Stable Diffusion 1 with random weights below SCRATCH (8.5 GB, removed again) in four forms: a folder of
    safetensors, a folder of .bin files with T5's tokenizer as rinna's has it, a .ckpt and a single .safetensors under
    CompVis' names; paints with each of them, compares the pixels byte for byte and prints seconds and memory

Needs numpy, torch and safetensors from PyPI, and is run by hand:

    ESHI_PLUGIN_DIR=build/src/kernels/cpu tests/golden/check-full-size.py build/src/cli/eshi-cli /tmp/full

SPDX-License-Identifier: MIT
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TOP = Path(__file__).resolve().parent.parent.parent
CLI, SCRATCH = sys.argv[1], Path(sys.argv[2])
PARTS = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
SIZES = ((64, 3), (512, 2))    # pixels, steps


def make_folder(folder):
    command = [sys.executable, str(TOP / "tools" / "make-random-model"), str(folder)]
    subprocess.run(command + (["--tokenizer", sys.argv[3]] if len(sys.argv) > 3 else []), check=True)
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps({
        "do_lower_case": True, "eos_token": "</s>", "extra_ids": 0, "pad_token": "[PAD]", "tokenizer_class": "T5Tokenizer",
        "unk_token": "<unk>"}), encoding="utf-8")


def make_torch_folder(source, folder):
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    for part, stem in PARTS.items():
        tensors = load_file(source / part / (stem + ".safetensors"))
        torch.save(tensors, folder / part / (("pytorch_model" if stem == "model" else stem) + ".bin"))


def renamed(source):
    """The tensors of the folder under the names of single files."""
    names, found = {}, {}
    for line in (TOP / "tests" / "golden" / "checkpoint-names.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        part, ours, theirs = line.split("\t")
        names[part, ours] = theirs
    for part, stem in PARTS.items():
        for name, tensor in load_file(source / part / (stem + ".safetensors")).items():
            theirs = names.get((part, name), "cond_stage_model.transformer." + name)
            found[theirs] = tensor[..., None, None] if ".attn_1." in theirs and tensor.dim() == 2 else tensor
    return found


def make_files(source):
    tensors = renamed(source)
    torch.save({"global_step": 470000, "state_dict": tensors, "optimizer_states": []}, SCRATCH / "full.ckpt")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, SCRATCH / "full.safetensors")
    shutil.copyfile(source / "tokenizer" / "spiece.model", SCRATCH / "spiece.model")


def pixels(path):
    """The compressed pixels: the settings beside them name the model."""
    data, at, found = path.read_bytes(), 8, b""
    while at < len(data):
        size = struct.unpack(">I", data[at:at + 4])[0]
        found += data[at + 8:at + 8 + size] if data[at + 4:at + 8] == b"IDAT" else b""
        at += size + 12
    return found


def paint(model, side, steps):
    picture = SCRATCH / "picture.png"
    picture.unlink(missing_ok=True)
    begin = time.monotonic()
    child = subprocess.Popen([CLI, "generate", "-m", str(model), "-p", "猫と桜、水彩画", "--seed", "1", "--steps", str(steps),
                              "-W", str(side), "-H", str(side), "--sampler", "pndm", "--no-previews", "-q", "-o", str(picture)])
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    if status != 0:
        raise SystemExit(f"{model.name} painted nothing")
    print(f"{model.name:16} {side} × {side}, {steps} steps: {seconds:6.1f} s wall, "
          f"{usage.ru_utime + usage.ru_stime:6.1f} s of processors, {usage.ru_maxrss / 2 ** 20:.2f} GiB at most", flush=True)
    return pixels(picture)


def main():
    SCRATCH.mkdir()
    try:
        make_folder(SCRATCH / "folder")
        make_torch_folder(SCRATCH / "folder", SCRATCH / "torch")
        make_files(SCRATCH / "folder")
        wrong = 0
        for side, steps in SIZES:
            want = paint(SCRATCH / "folder", side, steps)
            for name in ("torch", "full.ckpt", "full.safetensors"):
                differs = paint(SCRATCH / name, side, steps) != want
                wrong += differs
                print(f"# parity|files|{name} against a folder of safetensors, full size, {side} px, {steps} steps|"
                      f"PyTorch {torch.__version__}|{int(differs)} pictures differ|0", flush=True)
        return wrong != 0
    finally:
        shutil.rmtree(SCRATCH)


sys.exit(main())
