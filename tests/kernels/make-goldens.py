#!/usr/bin/env python3
"""Writes kernel-goldens.h: what PyTorch makes, in double, of some cases of kernel-case.c.

Run once, by hand, with PyTorch and diffusers installed:

    python3 tests/kernels/make-goldens.py > tests/kernels/kernel-goldens.h

Operands come from kernel_value(), repeated here; parameters are those of the case of the same name.

SPDX-License-Identifier: MIT
"""

import numpy as np
import torch
import torch.nn.functional as F
import diffusers
from diffusers.models.embeddings import get_timestep_embedding

X, WEIGHT, BIAS, EMBEDDING, RESIDUAL = range(5)
EPS = float(np.float32(1e-5))
MAX_VALUES = 160  # per case; beyond that, one of every few elements


def value(stream, shape, scale=2.0, offset=0.0, dtype=np.float32):
    """kernel_value() times scale plus offset, rounded to dtype, in double."""
    with np.errstate(over="ignore"):
        index = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
        z = index * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stream) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
        z = (z ^ (z >> np.uint64(29))) >> np.uint64(48)
    v = z.astype(np.float32) / np.float32(32768) - np.float32(1)
    v = (np.float32(offset) + np.float32(scale) * v).astype(dtype)
    return torch.from_numpy(v.astype(np.float64)).reshape(shape)


def matrix(shape, dtype=np.float32):
    """A weight whose sums keep the size of their terms, as matrix_scale() does."""
    n, scale = int(np.prod(shape[1:])), 1.0
    while n > 1:
        n, scale = (n + 3) // 4, scale / 2
    return value(WEIGHT, shape, scale, dtype=dtype)


def bias(n, dtype=np.float32):
    return value(BIAS, (n,), 1.0, dtype=dtype)


def conv2d(x_shape, w_shape, stride, pad, flags, dtype=np.float32, doubled=False):
    top, left, bottom, right = pad
    x = value(X, x_shape).permute(0, 3, 1, 2)
    x = F.interpolate(x, scale_factor=2, mode="nearest") if doubled else x
    x = F.pad(x, (left, right, top, bottom))
    y = F.conv2d(x, matrix(w_shape, dtype), bias(w_shape[0], dtype) if "b" in flags else None, stride)
    if "e" in flags:
        y = y + value(EMBEDDING, (1, w_shape[0]))[:, :, None, None]
    y = y.permute(0, 2, 3, 1)
    return y + value(RESIDUAL, tuple(y.shape)) if "r" in flags else y


def linear(x_shape, w_shape, act=lambda x: x, residual=False):
    y = act(F.linear(value(X, x_shape), matrix(w_shape), bias(w_shape[0])))
    return y + value(RESIDUAL, tuple(y.shape)) if residual else y


def geglu(x_shape, w_shape):
    a, g = F.linear(value(X, x_shape), matrix(w_shape), bias(w_shape[0])).chunk(2, -1)
    return a * F.gelu(g)


def group_norm(x_shape, groups, act=lambda x: x):
    c = x_shape[-1]
    y = F.group_norm(value(X, x_shape).permute(0, 3, 1, 2), groups, value(WEIGHT, (c,), 1, 1), bias(c), EPS)
    return act(y.permute(0, 2, 3, 1))


def layer_norm(x_shape):
    c = x_shape[-1]
    return F.layer_norm(value(X, x_shape), (c,), value(WEIGHT, (c,), 1, 1), bias(c), EPS)


def attention(q_shape, k_shape, heads, causal=False):
    def split(stream, shape):
        return value(stream, shape).unflatten(-1, (heads, -1)).transpose(1, 2)
    scale = float(np.float32((q_shape[-1] // heads) ** -0.5))
    y = F.scaled_dot_product_attention(split(0, q_shape), split(1, k_shape), split(2, k_shape), is_causal=causal,
                                       scale=scale)
    return y.transpose(1, 2).flatten(2)


def upsample(x_shape, height, width):
    return F.interpolate(value(X, x_shape).permute(0, 3, 1, 2), size=(height, width)).permute(0, 2, 3, 1)


def embedding(n, t, v, d, dtype=np.float32):
    ids = ((value(X, (n, t), 1) + 1) / 2 * v).to(torch.int64)
    return F.embedding(ids, value(1, (v, d), 1, dtype=dtype)) + value(2, (t, d), 1, dtype=dtype)


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def image_to_u8(shape):
    return ((value(X, shape) / 2 + 0.5).clamp(0, 1) * 255).numpy().round()


PAD1 = (1, 1, 1, 1)
HALF = np.float16
# kind, name, values, largest error of the definition in double, nmse of the reference
CASES = [
    ("CONV2D", "primes", conv2d((3, 7, 5, 13), (17, 13, 3, 3), 1, PAD1, "b"), 1e-12, 1e-14),
    ("CONV2D", "everything", conv2d((1, 7, 6, 33), (31, 33, 3, 3), 1, PAD1, "ber", HALF), 1e-12, 1e-14),
    ("CONV2D", "stride-2-odd", conv2d((2, 9, 7, 20), (24, 20, 3, 3), 2, PAD1, "b"), 1e-12, 1e-14),
    ("CONV2D", "stride-2-encoder", conv2d((1, 8, 10, 16), (16, 16, 3, 3), 2, (0, 0, 1, 1), "b"), 1e-12, 1e-14),
    ("CONV2D", "four-paddings", conv2d((1, 5, 6, 5), (6, 5, 3, 3), 1, (0, 2, 3, 1), "b"), 1e-12, 1e-14),
    ("CONV2D", "doubled-everything", conv2d((2, 5, 6, 33), (31, 33, 3, 3), 1, PAD1, "ber", doubled=True), 1e-12, 1e-14),
    ("CONV2D", "doubled-halved", conv2d((1, 5, 6, 5), (6, 5, 5, 5), 2, (2, 2, 2, 2), "b", doubled=True), 1e-12, 1e-14),
    ("LINEAR", "primes", linear((3, 7, 13), (17, 13)), 1e-12, 1e-14),
    ("LINEAR", "quick-gelu", linear((1, 77, 64), (256, 64), quick_gelu), 1e-12, 1e-14),
    ("LINEAR", "gelu", linear((1, 5, 33), (31, 33), F.gelu), 1e-12, 1e-14),
    ("LINEAR", "act-before-residual", linear((1, 11, 32), (32, 32), F.silu, True), 1e-12, 1e-14),
    ("GEGLU", "primes", geglu((2, 7, 13), (34, 13)), 1e-12, 1e-14),
    ("GROUP_NORM", "odd-groups", group_norm((1, 7, 3, 96), 32, F.silu), 1e-12, 1e-14),
    ("LAYER_NORM", "primes", layer_norm((2, 7, 13)), 1e-12, 1e-14),
    ("ATTENTION", "d-5", attention((2, 7, 15), (2, 11, 15), 3), 1e-12, 1e-14),
    ("ATTENTION", "d-40-cross", attention((2, 60, 320), (2, 77, 320), 8), 1e-12, 1e-14),
    ("ATTENTION", "d-64-causal", attention((1, 77, 256), (1, 77, 256), 4, True), 1e-12, 1e-14),
    ("UPSAMPLE", "to-odd", upsample((1, 4, 5, 17), 7, 9), 0, 0),
    ("EMBEDDING", "77-tokens", embedding(2, 77, 101, 48, HALF), 1e-12, 1e-14),
    # diffusers computes these in f32; at step 1000 that turns the angle by up to 10^-4
    ("TIME_EMBEDDING", "unet", get_timestep_embedding(value(X, (3,), 500, 500).float(), 320, flip_sin_to_cos=True,
                                                      downscale_freq_shift=0), 2e-4, 1e-8),
    ("ACTIVATION", "gelu", F.gelu(value(X, (1, 7, 31), 8)), 1e-12, 1e-14),
    ("ACTIVATION", "silu", F.silu(value(X, (1, 7, 31), 8)), 1e-12, 1e-14),
    ("ACTIVATION", "relu", F.relu(value(X, (1, 7, 31), 8)), 1e-12, 1e-14),
    ("IMAGE_TO_U8", "odd", image_to_u8((1, 31, 17, 3)), 0, 0),
]


def main():
    print("/* kernel-goldens.h: made by make-goldens.py; not edited by hand.\n *")
    print(f" * PyTorch {torch.__version__}, diffusers {diffusers.__version__}, NumPy {np.__version__}.\n *")
    print(" * SPDX-License-Identifier: MIT\n */\n\n#pragma once\n\n#include \"eshi-op.h\"\n")
    print("typedef struct\n{\n  EshiOpKind    kind;\n  const char   *name;\n"
          "  gsize         step; /* one of this many elements of dst is here */\n  gsize         n;\n"
          "  double        oracle_error;\n  double        nmse;\n  const double *values;\n} KernelGolden;\n")
    rows = []
    for i, (kind, name, values, error, nmse) in enumerate(CASES):
        flat = np.asarray(values, dtype=np.float64).reshape(-1)
        step = (flat.size + MAX_VALUES - 1) // MAX_VALUES
        flat = flat[::step]
        print(f"/* {kind} {name} */\nstatic const double golden_{i}[] = {{")
        for k in range(0, flat.size, 5):
            print("  " + ", ".join(f"{v:.17g}" for v in flat[k:k + 5]) + ",")
        print("};\n")
        rows.append(f"  {{ ESHI_OP_{kind}, \"{name}\", {step}, {flat.size}, {error:g}, {nmse:g}, golden_{i} }},")
    print("static const KernelGolden kernel_goldens[] = {")
    print("\n".join(rows))
    print("};")


if __name__ == "__main__":
    main()
