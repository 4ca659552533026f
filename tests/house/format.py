#!/usr/bin/env python3
"""Every C and C++ source is as clang-format would write it.

    format.py ROOT          names the files that are not (exit status 1)
    format.py --fix ROOT    rewrites them

Exit status 77 where clang-format is missing. Other versions than the 14 of Debian 12 format some
constructs otherwise, so they skip too rather than contradict each other.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sources import source_files

SKIPPED = 77
VERSION = "14"


def obstacle():
    """Why the check cannot be made here, or None."""
    if shutil.which("clang-format") is None:
        return "clang-format is not installed"
    said = subprocess.run(["clang-format", "--version"], capture_output=True, text=True, timeout=30).stdout
    found = re.search(r"version (\d+)", said)
    if not found or found[1] != VERSION:
        return f"clang-format is version {found[1] if found else '?'}, the style is defined by {VERSION}"
    return None


def unformatted(root, paths):
    """Those of `paths` that clang-format would change."""
    if not paths:
        return []
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, paths)], cwd=root,
                          capture_output=True, text=True, timeout=300)
    if done.returncode == 0:
        return []
    named = set(re.findall(r"^(\S+?):\d+:\d+: error: code should be clang-formatted", done.stderr, re.M))
    return [str(path) for path in paths if str(path) in named] or [done.stderr.strip()]


def main(arguments):
    if reason := obstacle():
        print(f"skipped: {reason}")
        return SKIPPED
    root = Path(arguments[-1])
    paths = source_files(root)
    if arguments[0] == "--fix":
        subprocess.run(["clang-format", "-i", *map(str, paths)], cwd=root, check=True, timeout=300)
        return 0
    found = unformatted(root, paths)
    for path in found:
        print(f"{path}: not formatted; clang-format -i does it")
    if not paths:
        print(f"no sources under {root}")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
