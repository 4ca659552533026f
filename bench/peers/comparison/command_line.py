"""The flags, and what each of them makes happen."""
import argparse
import dataclasses
import json
import os
import re
import sys

from . import machine, picture, report
from .libraries import Library, known_libraries
from .running import COMMAND_SECONDS, LibraryFailed
from .session import run_comparison

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DEFAULT_SIZES = "8,32,128,512,2K,8K,32K,128K,512K,2M,8M,32M,64M"
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "broadcast", "alltoall", "reduce", "barrier")
# What docs/performance.md shows: every collective with a core for each rank, and a crowd.
WHOLE_TABLE = "all_reduce,all_gather,reduce_scatter,broadcast,alltoall,reduce,all_reduce@4"
MOST_RANKS = 64
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def one_size(text):
    match = re.fullmatch(r"(\d+)([KMG]?)", text.strip().upper())
    if not match or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no size (8, 2K, 64M)")
    return int(match[1]) * UNITS[match[2]]


def size_list(text):
    """8,2K,64M or first:last:factor."""
    if ":" not in text:
        return tuple(sorted({one_size(part) for part in text.split(",")}))
    try:
        first, last, factor = text.split(":")
        size, most, factor = one_size(first), one_size(last), int(factor)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not first:last:factor") from None
    if factor < 2:
        raise argparse.ArgumentTypeError("the factor must be at least 2")
    sizes = []
    while size <= most:
        sizes.append(size)
        size *= factor
    return tuple(sizes) or size_list(first)


def whole_number(least, most):
    def parse(text):
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}, not '{text}'")
        return int(text)
    return parse


def one_contest(text):
    """NAME or NAME@RANKS as (name, ranks or None)."""
    name, at, ranks = text.strip().partition("@")
    if name not in COLLECTIVES:
        raise argparse.ArgumentTypeError(f"'{name}' is no collective, there are {', '.join(COLLECTIVES)}")
    return name, whole_number(1, MOST_RANKS)(ranks) if at else None


def contest_list(text):
    """all_reduce,reduce@4, or `table` for WHOLE_TABLE."""
    parts = (WHOLE_TABLE if text == "table" else text).split(",")
    return tuple(dict.fromkeys(map(one_contest, parts)))


def positive_seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is no positive number of seconds")
    return seconds


def assignment(text):
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def environment_setting(text):
    name, colon, rest = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"'{text}' is not LIBRARY:KEY=VALUE")
    return name, assignment(rest)


def parser():
    flags = argparse.ArgumentParser(
        prog="compare", description="Times collectives on INCCL and its peers, in turn in one run.",
        epilog="Exit status: 0, 1 (a library failed or gave wrong results), 2 (wrong flags or nothing to "
               "compare), 3 (--check: behind the best Debian MPI at some size).")
    flags.add_argument("--collectives", "--collective", type=contest_list, default=contest_list("all_reduce"),
                       metavar="NAME[@RANKS],…",
                       help=f"of {', '.join(COLLECTIVES)}; 'table' for {WHOLE_TABLE} (default all_reduce)")
    flags.add_argument("--ranks", type=whole_number(1, MOST_RANKS), default=2,
                       help="where a collective names none (default 2)")
    flags.add_argument("--sizes", type=size_list, default=size_list(DEFAULT_SIZES),
                       help=f"bytes as nccl-tests counts them: 8,2K,64M or 8:64M:4 (default {DEFAULT_SIZES})")
    flags.add_argument("--alternations", type=whole_number(1, 1000), default=7, help="default 7")
    flags.add_argument("--budget", type=positive_seconds, default=240, metavar="SECONDS",
                       help="about how long to measure each collective (default 240)")
    flags.add_argument("--seed", type=whole_number(0, 1 << 32), default=1,
                       help="of the order and of the bootstrap (default 1)")
    flags.add_argument("--peers", metavar="NAME,…", help="default: all that are there (see --list)")
    flags.add_argument("--ours", default="inccl", metavar="NAME", help="whom the ratios refer to")
    flags.add_argument("--env", action="append", default=[], type=environment_setting,
                       metavar="NAME:KEY=VALUE", help="an environment variable for one library's ranks")
    flags.add_argument("--program", action="append", default=[], type=assignment, metavar="NAME=ADAPTER",
                       help="one more contestant, say another build's peer-inccl")
    flags.add_argument("--buffers", choices=("ordinary", "library"), default="ordinary",
                       help="malloc, or what the library's own allocator gives")
    flags.add_argument("--deadline", type=positive_seconds, default=COMMAND_SECONDS, metavar="SECONDS",
                       help=f"a library that answers later is out (default {COMMAND_SECONDS})")
    flags.add_argument("--no-wait", action="store_true", help="do not wait for a quiet machine")
    flags.add_argument("--json", metavar="FILE", help="write the record")
    flags.add_argument("--svg", metavar="FILE", help="draw it (needs gnuplot)")
    flags.add_argument("--show", metavar="FILE", help="print the tables of an earlier record, run nothing")
    flags.add_argument("--check", action="store_true", help="exit status 3 when behind")
    flags.add_argument("--list", action="store_true", help="who is there, who is missing; run nothing")
    flags.add_argument("--adapters", default=f"{ROOT}/build/peers", metavar="DIR", help="the peer-NAME programs")
    flags.add_argument("--environments", default=f"{ROOT}/.peers", metavar="DIR", help="the wheels")
    return flags


def contestants(options):
    """name → Library, those of the flags included."""
    libraries = {library.name: library for library in
                 known_libraries(os.path.abspath(options.adapters), os.path.abspath(options.environments))}
    for name, path in options.program:
        libraries[name] = Library(name, name, os.path.abspath(path))
    for name, (key, value) in options.env:
        if name not in libraries:
            raise ValueError(f"--env: no library '{name}', there are {', '.join(libraries)}")
        known = libraries[name]
        libraries[name] = dataclasses.replace(
            known, extra_environment={**known.extra_environment, key: value})
    return libraries


def chosen(options, libraries):
    """The libraries to run, ours first. Says who is missing."""
    wanted = options.peers.split(",") if options.peers else list(libraries)
    unknown = [name for name in [options.ours, *wanted] if name not in libraries]
    if unknown:
        raise ValueError(f"no library '{unknown[0]}', there are {', '.join(libraries)}")
    picked = []
    for name in dict.fromkeys([options.ours, *wanted, *(name for name, _ in options.program)]):
        missing = libraries[name].missing()
        if missing is None:
            picked.append(libraries[name])
            continue
        print(f"compare: {libraries[name].title} is missing ({missing}); {libraries[name].source}",
              file=sys.stderr)
        if name == options.ours:
            raise ValueError(f"without {libraries[name].title} there is nothing to compare with")
    return picked


def print_list(libraries):
    for library in libraries.values():
        missing = library.missing()
        state = "here" if missing is None else f"missing {missing}; {library.source}"
        print(f"{library.name:12} {library.title:17} {state}")


def picture_path(path, document, alone):
    """run.svg, or run-alltoall-2.svg where there are several comparisons."""
    settings = document["settings"]
    stem, ending = os.path.splitext(os.path.abspath(path))
    return stem + ("" if alone else f"-{settings['collective']}-{settings['ranks']}") + ending


def finish(options, record):
    """Writes what was asked for; the exit status."""
    documents = report.comparisons(record)
    print(report.whole_report(documents))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
    failed = behind = False
    for document in documents:
        if options.svg:
            trouble = picture.draw(document, picture_path(options.svg, document, len(documents) == 1))
            if trouble:
                print(f"compare: no picture: {trouble}", file=sys.stderr)
        failed = failed or any(library["failed"] for library in document["libraries"])
        sizes = report.sizes_behind(document)
        if sizes:
            behind = True
            print(f"compare: {report.contest_name(document)}: behind the best Debian MPI at "
                  f"{', '.join(map(str, sizes))} bytes", file=sys.stderr)
    return 1 if failed else 3 if options.check and behind else 0


def run_all(options, picked):
    """The record of all comparisons that were asked for, one after the other."""
    load_before = machine.wait_for_quiet(0 if options.no_wait else machine.LONGEST_WAIT_SECONDS)
    documents = []
    for collective, ranks in options.collectives:
        able = [library for library in picked if collective not in library.lacks]
        documents.append(run_comparison(options, collective, ranks or options.ranks, able, load_before))
    return report.record_of(documents)


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        if options.show:
            with open(options.show, encoding="utf-8") as file:
                return finish(options, json.load(file))
        libraries = contestants(options)
        if options.list:
            print_list(libraries)
            return 0
        picked = chosen(options, libraries)
        return finish(options, run_all(options, picked))
    except (ValueError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except LibraryFailed as failure:
        print(f"compare: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("compare: stopped", file=sys.stderr)
        return 130
