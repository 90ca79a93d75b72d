#!/usr/bin/env python3
# make-watermark.py: what the package invisible-watermark makes of pictures that a rule gives, for test-watermark.
#
#   pip install --no-deps invisible-watermark==0.2.0
#   pip install numpy==2.4.6 opencv-python-headless==5.0.0.93 PyWavelets==1.9.0
#   python3 tests/golden/make-watermark.py > tests/golden/watermark.json
#
# The package's other methods want torch, which is not needed for this one and is kept out by empty modules.
#
# SPDX-License-Identifier: MIT

import hashlib
import json
import sys
import types
from importlib.metadata import version

for name in ('torch', 'torchvision', 'onnxruntime'):
    sys.modules.setdefault(name, types.ModuleType(name))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from imwatermark import WatermarkDecoder, WatermarkEncoder  # noqa: E402

TEXT = b'StableDiffusionV1'
SIZES = [(256, 256), (512, 128), (257, 259), (260, 268), (262, 251), (300, 261), (1024, 65), (512, 512)]


def make_picture(kind, width, height):
    x, y, c = np.meshgrid(np.arange(width), np.arange(height), np.arange(3), indexing='xy')
    if kind == 'weave':
        return ((37 * x + 91 * y + 53 * c + x * y // 7) & 255).astype(np.uint8)
    if kind == 'slope':
        return ((x * (c + 1) + y * (3 - c)) * 255 // (3 * (width + height))).astype(np.uint8)
    if kind == 'tiles':
        return np.where((x // 32 + 3 * (y // 32)) >> c & 1, 255, 0).astype(np.uint8)
    state = (x + width * y) * 3 + c
    state = (state * 1664525 + 1013904223) & 0xffffffff
    state = ((state ^ state >> 15) * 0x2c1b3c6d) & 0xffffffff
    return (state >> 24).astype(np.uint8)


def read(bgr):
    return WatermarkDecoder('bytes', 8 * len(TEXT)).decode(bgr, 'dwtDct').hex()


def main():
    encoder = WatermarkEncoder()
    encoder.set_watermark('bytes', TEXT)
    cases = []
    for width, height in SIZES:
        for kind in ('weave', 'slope', 'tiles', 'noise'):
            rgb = make_picture(kind, width, height)
            bgr = np.ascontiguousarray(rgb[:, :, ::-1])
            marked = encoder.encode(bgr.copy(), 'dwtDct')
            out = np.ascontiguousarray(marked[:, :, ::-1])
            cases.append({
                'kind': kind, 'width': width, 'height': height,
                'plain': hashlib.sha256(rgb.tobytes()).hexdigest(),
                'marked': hashlib.sha256(out.tobytes()).hexdigest(),
                'plain_says': read(bgr), 'marked_says': read(marked),
            })
    packages = ('invisible-watermark', 'opencv-python-headless', 'PyWavelets')
    oracle = ', '.join(f'{name} {version(name)}' for name in packages)
    print(json.dumps({'oracle': oracle, 'cases': cases}, indent=1))


main()
