#!/usr/bin/env python3
"""check-ptxas.py LOG…: reads what ptxas said of each kernel and generation of GPUs: no kernel spills registers or uses a
stack, shared memory stays within what every generation has, and at least two blocks of each attention kernel fit on a
multiprocessor at once. The attention kernels in f16 multiply with tensor cores (HMMA), those in f32 never do.

The rule of occupancy and the sizes are those of NVIDIA's programming guide, table "Technical Specifications per Compute
Capability": registers are given to warps in lots of 256, and from sm_80 on each block costs 1 KiB of shared memory more.
The dynamic shared memory of the attention kernels is written here again as src/kernels/cuda/eshi-cuda-ops.c asks for it.

SPDX-License-Identifier: MIT
"""

import re
import sys
from pathlib import Path

ENTRY = re.compile(r"Compiling entry function '(\w+)' for 'sm_(\d+)'")
STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
SASS = re.compile(r"sass (\w+) sm_(\d+): (\d+) instructions, (\d+) HMMA")
USED = re.compile(r"Used (\d+) registers")
STATIC = re.compile(r"(\d+) bytes smem")

REGISTERS = 65536
STATIC_LIMIT = 48 << 10
THREADS = 128
SHARED_KIB = {75: 64, 80: 164, 86: 100, 89: 100, 90: 228, 100: 228, 120: 100}


def read(path):
    """Yields (kernel, generation, stack and spills, registers, static shared memory)."""
    name = arch = stack = None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if match := ENTRY.search(line):
            name, arch, stack = match[1], int(match[2]), None
        elif match := STACK.search(line):
            stack = sum(map(int, match.groups()))
        elif (match := USED.search(line)) and name:
            static = STATIC.search(line)
            yield name, arch, stack, int(match[1]), int(static[1]) if static else 0
            name = None


def read_sass(path):
    """Yields (kernel, generation, instructions, those on tensor cores)."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if match := SASS.fullmatch(line):
            yield match[1], int(match[2]), int(match[3]), int(match[4])


def check_sass(paths, rows):
    """Yields what is wrong with the instructions; ROWS are what ptxas reported."""
    counted = {(name, arch): (n, n_hmma) for path in paths for name, arch, n, n_hmma in read_sass(path)}
    for name, arch, *_ in rows:
        n, n_hmma = counted.get((name, arch), (0, 0))
        wanted = name.startswith("eshi_attention_") and name != "eshi_attention_f"
        if wanted:
            print(f"# {name}, sm_{arch}: {n_hmma} of {n} instructions on tensor cores")
        if n == 0:
            yield f"{name}, sm_{arch}: no instructions were counted"
        elif wanted != (n_hmma > 0):
            yield f"{name}, sm_{arch}: {n_hmma} instructions on tensor cores"


def attention_shared(name):
    """Dynamic shared memory of the attention kernel NAME in bytes; None for other kernels."""
    if name == "eshi_attention_wide":
        return 2 * 64 * (64 + 8) * 2
    if name == "eshi_attention_f":
        return 4 * (512 + 32) * 4
    match = re.fullmatch(r"eshi_attention_(\d+)", name)
    return (64 if int(match[1]) > 80 else 128) * (int(match[1]) + 8) * 2 if match else None


def blocks(arch, registers, shared):
    """How many blocks fit on a multiprocessor."""
    per_warp = (registers * 32 + 255) // 256 * 256
    by_registers = REGISTERS // (per_warp * (THREADS // 32))
    by_shared = (SHARED_KIB[arch] << 10) // (shared + (1024 if arch >= 80 else 0))
    return min(by_registers, by_shared)


def main(paths):
    rows = [row for path in paths for row in read(path)]
    faults = []
    if not any(attention_shared(name) for name, *_ in rows):
        faults.append("the logs hold no attention kernel")
    for name, arch, stack, registers, static in rows:
        if stack != 0:
            faults.append(f"{name}, sm_{arch}: {stack} bytes of stack and spills")
        if static > STATIC_LIMIT:
            faults.append(f"{name}, sm_{arch}: {static} bytes of static shared memory")
        shared = attention_shared(name)
        if shared is not None:
            fit = blocks(arch, registers, shared)
            print(f"# {name}, sm_{arch}: {registers} registers, {shared} bytes of shared memory, {fit} blocks at once")
            if fit < 2:
                faults.append(f"{name}, sm_{arch}: {fit} blocks at once")
    wrong = list(check_sass(paths, rows))
    for fault in faults + wrong:
        print(f"# {fault}")
    print(f"{'not ok' if faults else 'ok'} 1 {len(rows)} kernels neither spill nor need a stack")
    print(f"{'not ok' if wrong else 'ok'} 2 attention in f16 multiplies on tensor cores\n1..2")
    return 1 if faults or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
