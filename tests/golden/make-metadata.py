#!/usr/bin/env python3
"""Writes tests/store/data/meta-*: pictures as other programs save them, by Pillow, which those programs save with too.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0
    venv/bin/python tests/golden/make-metadata.py

The texts follow the programs' grammars and are not their output; test-picture-settings.c expects what stands here.

SPDX-License-Identifier: MIT
"""

import json
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DATA = Path(__file__).resolve().parent.parent / "store" / "data"
PARAMETERS = ("猫の絵, \"油絵\" 🍣\n二行目 Negative prompt: ここは違う\nSteps: 3, Size: 8x8\nNegative prompt: 低品質,\nぼやけた\n"
              "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 18446744073709551615, "
              "Size: 512x768, Model hash: 0123456789, Model: \"a, b: \\\"c\\\"\", Denoising strength: 0.7, Clip skip: 2, "
              "RNG: CPU, Version: v1.9.0")
COMFY = {
    "3": {"class_type": "KSampler",
          "inputs": {"seed": 18446744073709551615, "steps": 20, "cfg": 8.0, "sampler_name": "euler_ancestral",
                     "scheduler": "normal", "denoise": 1.0, "model": ["10", 0], "positive": ["11", 0],
                     "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["12", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "低品質", "clip": ["4", 1]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "x", "model": ["4", 0], "clip": ["4", 1]}},
    "11": {"class_type": "ConditioningSetMask", "inputs": {"conditioning": ["6", 0], "strength": 1.0}},
    "12": {"class_type": "PrimitiveString", "inputs": {"value": "猫の絵\n\"油絵\""}},
}
# A second sampler that goes on from the first, and comes first in the file.
COMFY_ADVANCED = {
    "1": {"class_type": "KSamplerAdvanced",
          "inputs": {"noise_seed": 1, "steps": 9, "cfg": 2.0, "sampler_name": "lms", "scheduler": "normal",
                     "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["2", 0]}},
    "2": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 9}},
    **{key: value for key, value in COMFY.items() if key != "3"},
    "3": {"class_type": "KSamplerAdvanced",
          "inputs": {"noise_seed": 77, "steps": 30, "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras",
                     "model": ["4", 0], "positive": ["11", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
}
# Everything that can be linked is linked to itself, to nothing, or to what is no node.
COMFY_CYCLE = {
    "1": {"class_type": "KSampler",
          "inputs": {"seed": ["1", 0], "steps": ["9", 0], "cfg": 5, "sampler_name": ["2", 0], "model": ["2", 0],
                     "positive": ["2", 0], "negative": ["404", 0], "latent_image": ["1", 0]}},
    "2": {"class_type": "Loop", "inputs": {"conditioning": ["3", 0], "conditioning_2": ["2", 0], "model": ["2", 0],
                                           "text": ["2", 0]}},
    "3": {"class_type": "Loop", "inputs": {"conditioning": ["2", 0], "conditioning_2": ["3", 0]}},
    "9": 5,
}
INVOKE = {"positive_prompt": "猫の絵", "negative_prompt": "低品質", "seed": 42, "steps": 30, "cfg_scale": 7.5,
          "scheduler": "euler_a", "width": 512, "height": 640, "strength": 0.5,
          "model": {"name": "v1-5", "hash": "blake3:00ff", "base": "sd-1"}}
INVOKE_OLD = {"model": "stable diffusion", "model_weights": "v1-4", "model_hash": "fe4e",
              "image": {"prompt": [{"prompt": "猫の絵", "weight": 1.0}], "steps": 50, "cfg_scale": 7.5, "seed": 42,
                        "sampler": "k_lms", "width": 512, "height": 512}}
NOVELAI = {"steps": 28, "sampler": "k_euler_ancestral", "seed": 42, "strength": 0.7, "noise": 0.2, "scale": 11.0,
           "uc": "lowres"}


def save_png(name, texts, kind="text", **options):
    info = PngInfo()
    for key, value in texts.items():
        (info.add_itxt if kind == "itxt" else info.add_text)(key, value, **options)
    Image.new("RGB", (2, 2)).save(DATA / f"meta-{name}.png", pnginfo=info)


def save_exif(name, fields, comment, **options):
    exif = Image.Exif()
    for tag, value in fields.items():
        exif[tag] = value
    if comment is not None:
        exif.get_ifd(0x8769)[0x9286] = comment
    Image.new("RGB", (8, 8)).save(DATA / f"meta-{name}", exif=exif, **options)


def move_texts_behind(name, source):
    """The same file with its text chunks after the pixels."""
    data, at, texts, others = (DATA / f"meta-{source}.png").read_bytes(), 8, b"", b""
    while at < len(data):
        end = at + int.from_bytes(data[at:at + 4], "big") + 12
        kind = data[at + 4:at + 8]
        if kind == b"IEND":
            others += texts
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            texts += data[at:end]
        else:
            others += data[at:end]
        at = end
    (DATA / f"meta-{name}.png").write_bytes(data[:8] + others)


def main():
    save_png("webui", {"parameters": PARAMETERS})
    save_png("webui-packed", {"parameters": PARAMETERS}, kind="itxt", zip=True)
    move_texts_behind("webui-behind", "webui")
    save_png("latin1-packed", {"parameters": "un café\nSteps: 5, CFG scale: 2, Seed: 1, Size: 64x64"}, zip=True)
    save_png("comfy", {"prompt": json.dumps(COMFY), "workflow": "{}"})
    save_png("comfy-advanced", {"prompt": json.dumps(COMFY_ADVANCED)})
    save_png("comfy-cycle", {"prompt": json.dumps(COMFY_CYCLE)})
    save_png("invoke", {"invokeai_metadata": json.dumps(INVOKE)})
    save_png("invoke-old", {"sd-metadata": json.dumps(INVOKE_OLD), "Dream": "\"x\" -s 1"})
    save_png("dream", {"Dream": '"a "red" cat" -s 50 -S 42 -W 512 -H 640 -C 7.5 -A k_lms'})
    save_png("novelai", {"Software": "NovelAI", "Description": "1girl, 猫", "Comment": json.dumps(NOVELAI)})
    save_png("bomb", {"a": "x" * (12 << 20), "b": "y" * (12 << 20), "parameters": PARAMETERS}, zip=True)
    save_exif("utf16be.jpg", {}, b"UNICODE\0" + PARAMETERS.encode("utf-16-be"))
    save_exif("utf16le.webp", {}, b"UNICODE\0" + PARAMETERS.encode("utf-16-le"))
    save_exif("ascii.jpg", {}, b"ASCII\0\0\0" + b"a cat\nSteps: 5, CFG scale: 2, Seed: 1, Size: 64x64")
    save_exif("comfy.webp", {0x0110: "prompt:" + json.dumps(COMFY)}, None)


if __name__ == "__main__":
    main()
