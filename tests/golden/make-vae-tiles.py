#!/usr/bin/env python3
"""What diffusers' AutoencoderKL makes of pictures larger than a tile with enable_tiling().

make-vae-tiles.py FILE
    writes FILE: for each case the latents z and the image that go in, and what decode and encode give

The weights are filled by rule (tests/golden/README.md), so that they need not be stored: blocks of 16 and 32 channels,
one layer each, groups of 8, made for pictures of 32 pixels. Sizes are chosen so that the last tiles are full, cut short,
and one latent pixel wide.

    python3 tests/golden/make-vae-tiles.py tests/golden/vae-tiles/expected.safetensors

SPDX-License-Identifier: MIT
"""

import sys

import torch
from diffusers import AutoencoderKL
from fill import fill_input, fill_weights
from safetensors.torch import save_file

CONFIG = dict(block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, sample_size=32,
              down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
SIZES = ((28, 17), (13, 25))     # of the latents; a tile has 16 × 16


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    vae = fill_weights(AutoencoderKL(**CONFIG)).eval()
    vae.enable_tiling()
    tensors = {}
    for height, width in SIZES:
        name = f"{height}x{width}"
        z = fill_input(f"input:z-{name}", (1, 4, height, width))
        image = fill_input(f"input:image-{name}", (1, 3, 2 * height, 2 * width)).clamp(-1, 1)
        moments = vae.encode(image).latent_dist
        tensors[f"{name}.image"] = vae.decode(z).sample[0]
        tensors[f"{name}.mean"], tensors[f"{name}.logvar"] = moments.mean[0], moments.logvar[0]
    save_file({name: value.contiguous() for name, value in tensors.items()}, sys.argv[1])


main()
