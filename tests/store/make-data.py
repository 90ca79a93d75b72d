#!/usr/bin/env python3
"""Writes the PNG files of tests/store/data with Pillow and by hand; made once with Pillow 13.0 on Debian 12.

SPDX-License-Identifier: MIT
"""

import struct
import zlib
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DATA = Path(__file__).resolve().parent / "data"
PARAMETERS = "猫の絵\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 64x64"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(ihdr, chunks, pixels):
    parts = [chunk(b"IHDR", ihdr), *chunks, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rgb16_interlaced():
    """3x2, 16 bits, all one colour: 0xffff, 0x8080, 0x0000."""
    rows = b""
    for x0, y0, dx, dy in ADAM7:
        width, height = len(range(x0, 3, dx)), len(range(y0, 2, dy))
        if width:
            rows += (b"\0" + b"\xff\xff\x80\x80\0\0" * width) * height
    return png(struct.pack(">IIBBBBB", 3, 2, 16, 2, 0, 0, 1), [], rows)


def raw_utf8():
    text = chunk(b"tEXt", b"parameters\0" + PARAMETERS.encode())
    return png(struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), [text], b"\0\1\2\3")


def main():
    DATA.mkdir(exist_ok=True)
    Image.new("L", (3, 2), 128).save(DATA / "gray.png")
    Image.new("LA", (3, 2), (128, 128)).save(DATA / "gray-alpha.png")
    palette = Image.new("P", (3, 2), 0)
    palette.putpalette([10, 20, 30])
    palette.save(DATA / "palette-transparent.png", transparency=0)
    Image.new("RGBA", (3, 2), (255, 0, 0, 128)).save(DATA / "rgba.png")
    (DATA / "rgb16-interlaced.png").write_bytes(rgb16_interlaced())
    (DATA / "text-raw-utf8.png").write_bytes(raw_utf8())
    info = PngInfo()
    info.add_itxt("parameters", PARAMETERS, zip=True)
    Image.new("RGB", (1, 1)).save(DATA / "text-compressed.png", pnginfo=info)


if __name__ == "__main__":
    main()
