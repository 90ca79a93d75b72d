"""The few lines of TAP that the packaging tests share: every test_… function of a module is a case.

Refuses to guess: whatever a case raises that is neither an assertion nor a failed program ends the run.

SPDX-License-Identifier: MIT
"""

import subprocess


class Skip(Exception):
    """Raised by a case that cannot run here; its text is the reason."""


def case_line(number, name, test, argument):
    """Runs one case and returns its line of TAP."""
    try:
        test(argument)
        return f"ok {number} {name}"
    except Skip as reason:
        return f"ok {number} {name} # SKIP {reason}"
    except subprocess.CalledProcessError as error:
        said = f"{error.stdout or ''}{error.stderr or ''}".strip().replace("\n", "\n# ")
        return f"# {error}\n# {said}\nnot ok {number} {name}"
    except (AssertionError, OSError, ValueError) as error:
        return f"# {error!r}\nnot ok {number} {name}"


def run_cases(prefix, module, argument):
    """Runs every test_… function of MODULE, a dictionary of globals, with ARGUMENT. Returns the exit status."""
    tests = [(name[5:], test) for name, test in module.items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failures = 0
    for number, (name, test) in enumerate(tests, 1):
        line = case_line(number, f"{prefix}/{name}", test, argument)
        failures += "not ok" in line
        print(line, flush=True)
    return 1 if failures else 0
