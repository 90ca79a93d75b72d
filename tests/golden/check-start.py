#!/usr/bin/env python3
"""Holds the start of a picture from an image against diffusers: resizing, encoder, draws, noise, mask and decoder.

check-start.py ESHI_CLI MODEL
    paints with a strength of 0, and with a mask that keeps everything, so that no step of the network shows; compares
    the pixels with Pillow's, torch's and diffusers' for the same seeds; fails if one differs by more than 1

Needs numpy, pillow, torch and diffusers; run by hand with torch 2 and diffusers from PyPI:

    ESHI_PLUGIN_DIR=build/src/kernels/cpu tests/golden/check-start.py build/src/cli/eshi-cli data/model/mame

SPDX-License-Identifier: MIT
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from diffusers import AutoencoderKL
from PIL import Image

CLI, MODEL = sys.argv[1:3]
LAST_SIGMA = 0.02916753  # of timestep 0, where LMS asks last


def reference(vae, image, seed, keeps):
    """The image there and back; with KEEPS as noisy as the last step leaves what is kept."""
    scale = vae.config.scaling_factor
    width, height = (side // 8 * 8 for side in image.size)
    small = image.resize((width, height), Image.LANCZOS)
    pixels = 2.0 * (numpy.array(small).astype(numpy.float32) / 255.0) - 1.0
    generator = torch.Generator("cpu").manual_seed(seed)
    with torch.no_grad():
        z = vae.encode(torch.from_numpy(pixels).permute(2, 0, 1)[None]).latent_dist.sample(generator) * scale
        noise = torch.randn(z.shape, generator=generator)
        z = z + LAST_SIGMA * noise if keeps else z
        rgb = (vae.decode(z / scale).sample / 2 + 0.5).clamp(0, 1)
    return (rgb[0].permute(1, 2, 0).numpy() * 255).round().astype(int)


def paint(folder, seed, *options):
    command = [CLI, "generate", "--model", MODEL, "--prompt", "猫", "--seed", str(seed), "--sampler", "lms",
               "--steps", "4", "--precision", "f32", "--image", folder / "in.png", "--output", folder / "out.png", "--quiet", *options]
    subprocess.run(command, check=True)
    return numpy.array(Image.open(folder / "out.png")).astype(int)


def main():
    vae = AutoencoderKL.from_pretrained(MODEL, subfolder="vae")
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        y, x = numpy.mgrid[0:140, 0:171]
        image = Image.fromarray(numpy.stack([x, y, (x * y) // 90 % 256], axis=-1).astype(numpy.uint8))
        image.save(folder / "in.png")
        Image.new("L", image.size, 0).save(folder / "mask.png")
        for seed in (0, 42, 4294967295):
            plain = paint(folder, seed, "--strength", "0")
            kept = paint(folder, seed, "--strength", "0.75", "--mask", folder / "mask.png", "--no-paste")
            for ours, keeps in ((plain, False), (kept, True)):
                difference = numpy.abs(ours - reference(vae, image, seed, keeps)).max()
                print(f"seed {seed}, {'kept' if keeps else 'round trip'}: {difference} of 255")
                worst = max(worst, difference)
    return 1 if worst > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
