#!/usr/bin/env python3
"""Render the foreground layers once, and compose training pictures from them."""
import argparse
import json
import os

import numpy as np

import styles
from subjects import read_subjects

STEPS = (0, 0, 0, -8, 8)       # how far a picture's subject may move, in pixels


def build(folder):
    """Write layers.npy: uint8 [subjects, styles, 128, 128, 4]."""
    font = styles.load_font()
    rows = read_subjects()
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'layers.npy')
    out = np.lib.format.open_memmap(path, 'w+', np.uint8, (len(rows), len(styles.STYLES), styles.SIZE, styles.SIZE, 4))
    for i, row in enumerate(rows):
        g = styles.glyph(row['emoji'], font)
        for j, s in enumerate(styles.STYLES):
            out[i, j] = np.clip(np.round(styles.LAYERS[s](g)), 0, 255).astype(np.uint8)
    out.flush()
    with open(os.path.join(folder, 'layers.json'), 'w') as f:
        json.dump([r['id'] for r in rows], f)
    print(path, out.shape)


class Pictures:
    """Training pictures made on demand from layers.npy."""

    def __init__(self, folder):
        every = np.load(os.path.join(folder, 'layers.npy'), mmap_mode='r')
        with open(os.path.join(folder, 'layers.json')) as f:
            place = {ident: i for i, ident in enumerate(json.load(f))}
        order = [place[r['id']] for r in read_subjects()]
        self.layers = every if order == list(range(len(every))) else every[order]
        self.papers = {}

    def paper(self, style, background):
        """Background picture and its fixed multiplier and seal, cached."""
        key = (style, background)
        if key not in self.papers:
            self.papers[key] = styles.paper(styles.STYLES[style], styles.BACKGROUNDS[background]).astype(np.float32)
        return self.papers[key]

    def draw(self, subject, style, background, dx=0, dy=0, shade=0.0, crop=None):
        """uint8 picture; crop = (y, x, size) composes that part only."""
        y, x, n = crop or (0, 0, styles.SIZE)
        name = styles.STYLES[style]
        layer = np.zeros((n, n, 4), np.float32)
        ys, xs = y - dy, x - dx
        y0, x0 = max(0, -ys), max(0, -xs)
        src = self.layers[subject, style, max(0, ys):ys + n, max(0, xs):xs + n]
        layer[y0:y0 + src.shape[0], x0:x0 + src.shape[1]] = src
        a = layer[..., 3:] / 255
        rgb = layer[..., :3]
        if name == '鉛筆画' and styles.BACKGROUNDS[background] == '黒い':
            rgb = np.float32([232, 230, 224])
        out = self.paper(style, background)[y:y + n, x:x + n] * (1 + .04 * shade) * (1 - a) + rgb * a
        if name == '油絵':
            out = out * (1 + .055 * styles.BRUSH[y:y + n, x:x + n, None])
        elif name == '浮世絵':
            s = styles.SEAL[y:y + n, x:x + n]
            out = out * (1 - s[..., 3:] / 255) + s[..., :3] * s[..., 3:] / 255
        return np.clip(np.round(out), 0, 255).astype(np.uint8)

    def random(self, rng, size=styles.SIZE):
        """A random picture or 8-aligned crop of one."""
        i, j = rng.integers(len(self.layers)), rng.integers(len(styles.STYLES))
        b = 0 if rng.random() < .3 else rng.integers(1, len(styles.BACKGROUNDS))
        dx, dy = rng.choice(STEPS), rng.choice(STEPS)
        crop = None
        if size < styles.SIZE:
            n = (styles.SIZE - size) // 8 + 1
            crop = (int(rng.integers(n)) * 8, int(rng.integers(n)) * 8, size)
        return self.draw(i, j, b, int(dx), int(dy), rng.uniform(-1, 1), crop)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    build(ap.parse_args().work)


if __name__ == '__main__':
    main()
