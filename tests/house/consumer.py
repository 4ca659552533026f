#!/usr/bin/env python3
"""Builds and runs a stranger's project against an installed tree, by find_package and pkg-config.

    consumer.py --build BUILD --source SOURCE --work WORK --version X.Y.Z [--cc CC] [--cxx CXX] [--flags F] [--perf]

Installs BUILD into WORK/first, then moves the tree to WORK/moved before anybody looks at it: a
path of the build machine in a config or .pc file would break everything after that.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

SECONDS_FOR_A_STEP = 240


class Failed(Exception):
    """One step went wrong; the text says which and how."""


def run(command, environment=None):
    """Runs a step; returns its standard output."""
    command = [str(part) for part in command]
    merged = dict(os.environ, **(environment or {}))
    done = subprocess.run(command, env=merged, capture_output=True, text=True, timeout=SECONDS_FOR_A_STEP)
    if done.returncode != 0:
        raise Failed(f"status {done.returncode} from: {' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def install(build, work):
    """The installed tree, after its move."""
    shutil.rmtree(work, ignore_errors=True)
    first, moved = work / "first", work / "moved"
    run(["cmake", "--install", build, "--prefix", first])
    first.rename(moved)
    return moved


def names_of_build_paths(tree, forbidden):
    """Text files of the tree that name a directory of the machine that built it."""
    found = []
    for pattern in ("*.cmake", "*.pc", "*.h"):
        for path in tree.rglob(pattern):
            text = path.read_text()
            found += [f"{path.relative_to(tree)} names {word}" for word in forbidden if word in text]
    return found


def one(tree, pattern):
    found = sorted(tree.rglob(pattern))
    if not found:
        raise Failed(f"nothing like {pattern} was installed")
    return found[0]


def check_output(program, version, environment=None):
    major, minor, patch = (int(part) for part in version.split("."))
    wanted = f"inccl {major * 10000 + minor * 100 + patch}\n"
    printed = run([program], environment)
    if printed != wanted:
        raise Failed(f"{program} printed {printed!r} and not {wanted!r}")


def configure(options, tree, wanted):
    build = options.work / f"find-package-{wanted}"
    run(["cmake", "-S", options.source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={tree}",
         f"-DCMAKE_C_COMPILER={options.cc}", f"-DCMAKE_CXX_COMPILER={options.cxx}",
         f"-DCMAKE_C_FLAGS={options.flags}", f"-DCMAKE_CXX_FLAGS={options.flags}", f"-DWANTED={wanted}"])
    return build


def by_find_package(options, tree):
    build = configure(options, tree, options.version)
    run(["cmake", "--build", build])
    for program in ("consumer_c", "consumer_cc"):
        check_output(build / program, options.version)


def refuses_other_versions(options, tree):
    """Of 0.x no other minor version fits."""
    major, minor, _ = options.version.split(".")
    for wanted in (f"{major}.{int(minor) + 1}", f"{int(major) + 1}.0"):
        try:
            configure(options, tree, wanted)
        except Failed:
            continue
        raise Failed(f"find_package(inccl {wanted}) was satisfied by {options.version}")


def by_pkg_config(options, tree):
    package_dir = one(tree, "inccl.pc").parent
    where = {"PKG_CONFIG_PATH": str(package_dir), "PKG_CONFIG_LIBDIR": str(package_dir)}
    version = run(["pkg-config", "--modversion", "inccl"], where).strip()
    if version != options.version:
        raise Failed(f"inccl.pc has version {version}, the project {options.version}")
    flags = run(["pkg-config", "--cflags", "--libs", "inccl"], where).split()
    library_dir = run(["pkg-config", "--variable=libdir", "inccl"], where).strip()
    for compiler, source in ((options.cc, "consumer.c"), (options.cxx, "consumer.cc")):
        program = options.work / f"pkg-config-{source.replace('.', '-')}"
        run([compiler, *options.flags.split(), "-o", program, options.source / source, *flags])
        check_output(program, options.version, {"LD_LIBRARY_PATH": library_dir})


def perf_starts(tree):
    """The installed inccl-perf finds its library without help."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    said = subprocess.run([one(tree, "inccl-perf"), "--help"], env=environment, capture_output=True, text=True,
                          timeout=SECONDS_FOR_A_STEP)
    if said.returncode != 0 or "all_reduce" not in said.stdout:
        raise Failed(f"inccl-perf --help: status {said.returncode}\n{said.stdout}{said.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--flags", default="")
    parser.add_argument("--perf", action="store_true", help="inccl-perf must be there too")
    options = parser.parse_args()
    try:
        tree = install(options.build, options.work)
        leaked = names_of_build_paths(tree, [str(options.build.resolve()), str(options.work.resolve())])
        if leaked:
            raise Failed("\n".join(leaked))
        by_find_package(options, tree)
        refuses_other_versions(options, tree)
        by_pkg_config(options, tree)
        if options.perf:
            perf_starts(tree)
    except Failed as failure:
        print(f"consumer: {failure}", file=sys.stderr)
        return 1
    print("consumer: find_package and pkg-config, C and C++: fine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
