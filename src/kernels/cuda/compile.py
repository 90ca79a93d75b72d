#!/usr/bin/env python3
"""compile.py LOG COMMAND…: runs a compiler and keeps what it says in LOG, for the test that reads ptxas's report.

What it says is shown as well where it fails.

SPDX-License-Identifier: MIT
"""

import subprocess
import sys


def main(log, command):
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    with open(log, "w", encoding="utf-8") as file:
        file.write(result.stderr)
    if result.returncode != 0:
        sys.stderr.write(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
