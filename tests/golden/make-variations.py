#!/usr/bin/env python3
# make-variations.py: noise between that of two seeds as Stable Diffusion web UI draws it, for test-variation.
#
# The formula is that of its modules/rng.py: noise without a batch's axis is turned along axis 1, the height, so each
# column of each channel follows an arc of its own; where the mean cosine exceeds 0.9995 the shares of a straight line
# are exchanged.
#
#   python3 tests/golden/make-variations.py tests/golden/variations.safetensors
#
# SPDX-License-Identifier: MIT

import sys

import torch
from safetensors.torch import save_file

# Seed, variation seed, strength: ends, middles, and one pair of equal noises.
CASES = ((1, 2, 0.0), (1, 2, 0.25), (42, 7, 0.5), (4294967295, 0, 0.9), (3, 4, 1.0), (5, 5, 0.3))
SHAPE = (4, 8, 16)


def between(low, high, share):
    cosine = torch.nn.functional.normalize(low, dim=1).mul(torch.nn.functional.normalize(high, dim=1)).sum(dim=1)
    if cosine.mean() > 0.9995:
        return share * low + (1 - share) * high
    angle = cosine.acos()
    shares = [torch.sin(part * angle) / torch.sin(angle) for part in (1.0 - share, share)]
    return shares[0][:, None] * low + shares[1][:, None] * high


def noise(seed):
    return torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(seed))


save_file({f"{seed} {other} {share}": between(noise(seed), noise(other), share) for seed, other, share in CASES},
          sys.argv[1])
