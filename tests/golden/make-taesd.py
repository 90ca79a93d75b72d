#!/usr/bin/env python3
"""What diffusers' AutoencoderTiny makes of latents, some of them so large that its clamp shows.

make-taesd.py FILE
    writes FILE: for each width the image, 0 to 1 with overshoot

The weights are filled by rule (tests/golden/README.md), so that they need not be stored: 8 channels, and the 64 that
TAESD has.

    python3 tests/golden/make-taesd.py tests/golden/taesd.safetensors

SPDX-License-Identifier: MIT
"""

import sys

import torch
from diffusers import AutoencoderTiny
from fill import fill_input, fill_weights
from safetensors.torch import save_file

HEIGHT, WIDTH = 5, 3     # of the latents


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    latents = 2 * fill_input("input:latents", (1, 4, HEIGHT, WIDTH))
    tensors = {}
    for width in (8, 64):
        channels = (width,) * 4
        model = AutoencoderTiny(encoder_block_out_channels=channels, decoder_block_out_channels=channels)
        image = fill_weights(model, vae=False).eval().decode(latents).sample[0]
        tensors[f"image-{width}"] = ((image + 1) / 2).contiguous()
    save_file(tensors, sys.argv[1])


main()
