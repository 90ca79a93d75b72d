"""built.py: how the measuring tools beside it call the programs of a build that is not installed.

SPDX-License-Identifier: MIT
"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent


@contextlib.contextmanager
def locked(path):
    """Holds an exclusive lock on the file PATH; does nothing for None. Programs that share a computer take turns so."""
    if path is None:
        yield
        return
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment(build):
    """The environment for programs of the folder BUILD; what is set already stays."""
    plugins = build / "src" / "kernels"
    defaults = {"ESHI_PLUGIN_DIR": f"{plugins / 'cpu'}:{plugins / 'cuda'}", "ESHI_MODEL_DIR": str(TOP / "data" / "model")}
    return {**defaults, **os.environ, "LC_ALL": "C.UTF-8"}


def call(build, *arguments):
    """What eshi-cli of BUILD says on its standard output; ends the program if it fails, which it has explained."""
    command = [build / "src" / "cli" / "eshi-cli", *map(str, arguments)]
    result = subprocess.run(command, env=environment(build), check=False, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(result.returncode)
    return result.stdout


def bench_ops(build, model=None, **options):
    """The report of eshi-cli bench --ops, a dictionary. OPTIONS: width=512, cpu_time=True; None and False are left out."""
    arguments = ["--model", model] if model is not None else []
    for name, value in options.items():
        if value is not None and value is not False:
            arguments += [f"--{name.replace('_', '-')}"] + ([value] if value is not True else [])
    return json.loads(call(build, "bench", "--ops", "--json", *arguments))
