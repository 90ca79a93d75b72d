#!/usr/bin/env python3
"""compile.py LOG COMMAND…: runs nvcc and keeps what it says in LOG, for the test that reads ptxas's report.

After it comes a line for each kernel and generation of GPUs, "sass KERNEL sm_N: I instructions, H HMMA", counted in what
nvcc wrote on its way. What it says is shown as well where it fails.

SPDX-License-Identifier: MIT
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import sass


def describe(folder):
    """Lines about the compiled kernels in FOLDER; nvcc names files by the generation, with "sm" or "compute" before."""
    for path in sorted(Path(folder).glob("*.cubin")):
        arch = re.search(r"(?:sm|compute)_(\d+)\.cubin$", path.name)
        for kernel, n, n_hmma in sass.count(path.read_bytes()):
            yield f"sass {kernel} sm_{arch[1]}: {n} instructions, {n_hmma} HMMA\n"


def main(log, command):
    with tempfile.TemporaryDirectory() as folder:
        kept = [*command, "--keep", "--keep-dir", folder]
        result = subprocess.run(kept, stderr=subprocess.PIPE, text=True, check=False)
        lines = list(describe(folder)) if result.returncode == 0 else []
    with open(log, "w", encoding="utf-8") as file:
        file.write(result.stderr)
        file.writelines(lines)
    if result.returncode != 0:
        sys.stderr.write(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
