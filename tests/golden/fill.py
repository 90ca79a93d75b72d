"""Weights and inputs by rule, as tests/pipeline/fill.c makes them; see tests/golden/README.md. Needs numpy and torch.

SPDX-License-Identifier: MIT
"""

import numpy
import torch

# The autoencoder's values belong to the names its attention had in 2022.
OLD = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}


def uniform(name, n):
    """-1 to 1, from splitmix64 that is seeded with the name's FNV-1a hash."""
    h = 0xcbf29ce484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001b3 % 2**64
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(h) + numpy.arange(1, n + 1, dtype=numpy.uint64) * numpy.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94d049bb133111eb)
        z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(numpy.float64) * 2.0**-23 - 1.0


def fill_input(name, shape):
    values = uniform(name, int(numpy.prod(shape))) * numpy.sqrt(3.0)
    return torch.from_numpy(values.astype(numpy.float32)).reshape(shape)


def fill_weights(model, vae=True, prefix=""):
    """The model with its parameters filled. VAE: attentions under their old names; PREFIX: of all names in files."""
    for name, value in model.named_parameters():
        name = prefix + name.removeprefix(prefix)
        for new, old in OLD.items() if vae else ():
            name = name.replace(new, old)
        u = uniform(name, value.numel())
        if value.dim() == 1:
            u = (1.0 if name.endswith(".weight") else 0.0) + 0.1 * u
        else:
            u = u * numpy.sqrt(3.0 / (value.numel() / value.shape[0]))
        value.data = torch.from_numpy(u.astype(numpy.float32)).reshape(value.shape)
    return model
