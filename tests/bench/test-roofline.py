"""test-roofline.py BUILD: tools/roofline: its counts against the emulation's, its arithmetic by hand, its page.

Expected launches are those that tests/cuda-emu/test-cuda-host.c sees the driver and the libraries be asked for.

SPDX-License-Identifier: MIT
"""

import importlib.machinery
import importlib.util
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent.parent
BUILD = sys.argv.pop()


def load_tool():
    loader = importlib.machinery.SourceFileLoader("roofline", str(TOP / "tools" / "roofline"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("roofline", loader))
    loader.exec_module(module)
    return module


TOOL = load_tool()
DEVICE = TOOL.Device("round", f16=1e12, f32=1e11, memory=1e11, cache=1 << 20, processors=10, clock=1e9, lanes=64, blocks=16,
                     mma=0.5)


class CountTests(unittest.TestCase):
    def test_launches_are_those_of_the_emulation(self):
        step = [op for op in TOOL.count(BUILD, "mame") if op["graph"] == "step"]
        sums = [sum(op["count"] * TOOL.launches(op)[i] for op in step) for i in range(2)]
        self.assertEqual(sums, [188, 34])

    def test_operations_are_the_published_ones(self):
        """A guided step of Stable Diffusion 1.x: 1.601 TFLOP; docs/speed.md, by bench-ops' own walk. The first convolution
        and residual block, and the first transformer as far as its self attention, are computed for one image of two."""
        pixels, c = 64 * 64, 320
        once = 2 * pixels * (9 * 4 * c + 2 * 9 * c * c + 5 * c * c + 2 * pixels * c)
        self.assertAlmostEqual(TOOL.total(TOOL.count(BUILD), "step", lambda op: op["flops"]) / 1e12, 1.601 - once / 1e12,
                               places=3)

    def test_weights_are_the_networks(self):
        """The UNet's 859,520,964 parameters less those that are used once per prompt, keys and values of 16 layers."""
        ops = TOOL.count(BUILD)
        once = sum(2 * 768 * width * n for width, n in ((320, 5), (640, 5), (1280, 6)))
        sizes = {"f16": 2, "f32": 4}
        found = TOOL.total(ops, "step", lambda op: op["weights"] / (4 if "norm" in op["op"] else sizes[op["type"]]))
        self.assertEqual(found, 859520964 - once)


class EstimateTests(unittest.TestCase):
    def test_product_in_waves(self):
        """11 full tiles of 128 × 128 on 10 multiprocessors are two waves, or fewer if the depth is split."""
        one = 2 * 128 * 128 * 1024 / (1e12 / 10)
        self.assertAlmostEqual(TOOL.matrix_seconds(DEVICE, 1280, 128, 1024, 1e12, 0), one)
        self.assertLess(TOOL.matrix_seconds(DEVICE, 1408, 128, 1024, 1e12, 0), 2 * one)
        self.assertGreater(TOOL.matrix_seconds(DEVICE, 1408, 128, 1024, 1e12, 0), one)

    def test_product_by_its_bytes(self):
        self.assertAlmostEqual(TOOL.matrix_seconds(DEVICE, 128, 128, 16, 1e12, 1e9), 1e-2)

    def test_attention(self):
        """One block for each of 10 heads: 40 → 48 columns, 77 → 128 keys, at half the rate; then 6 / 64 clocks a score."""
        op = {"dst": [1, 64, 400], "heads": 10, "keys": 77, "read": 0, "written": 0}
        expected = 64 * 128 * (2 * 2 * 48 / (1e12 * 0.5 / 10) + 6 / 64 / 1e9)
        self.assertAlmostEqual(TOOL.attention_seconds(op, DEVICE), expected)

    def test_floor(self):
        op = {"type": "f16", "flops": 2e12, "read": 1e11, "weights": 5e10, "written": 1e10}
        self.assertEqual(TOOL.floor(op, DEVICE), 2.0)
        self.assertEqual(TOOL.floor({**op, "written": 1e11}, DEVICE), 2.5)

    def test_no_estimate_is_below_its_floor(self):
        for device in TOOL.DEVICES:
            for op in TOOL.count(BUILD):
                if op["op"] not in ("concat", "upsample"):  # these may find what was just written in the cache
                    self.assertGreaterEqual(TOOL.estimate(op, device), TOOL.floor(op, device) * 0.999, (device.name, op))


class PageTests(unittest.TestCase):
    def test_page_is_up_to_date(self):
        self.assertEqual(TOOL.main(["--check", BUILD]), 0)


if __name__ == "__main__":
    unittest.main()
