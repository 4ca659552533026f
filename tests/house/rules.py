#!/usr/bin/env python3
"""Small rules of CONTRIBUTING.md that a machine can hold, one function each.

    rules.py ROOT

openings     every source says at its top what it is about; headers have #pragma once
file names   snake_case, and none that says nothing (utils, common, misc)
listed       every .cc and .c is built: some CMakeLists.txt above it names it
no throw     the library throws nothing of its own, and never ends its user's process
one seam     system calls that can fail, and threads, go through src/os
tests        none is disabled, none asserts a truism, every skip gives its reason
unfinished   no TODO, FIXME and the like
"""
import re
import sys
from pathlib import Path

from sources import line_of, source_files, strip_code

# What becomes part of a user's process.
LIBRARY = ("src", "synth", "switch")
SEAM = ("src/os/syscalls.h", "src/os/syscalls.cc")

LICENCE = re.compile(r"\A(?:#![^\n]*\n)?(?:(?:/\*|//|#)[^\n]*(?:SPDX|Copyright)[^\n]*\n)*")
SAYS_NOTHING = re.compile(r"^(utils?|common|misc|helpers?|stuff|things|tools?)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bnot implemented\b|\bunimplemented\b", re.I)
TRUISM = re.compile(r"\b(SUCCEED\s*\(\s*\)|(?:EXPECT|ASSERT)_TRUE\s*\(\s*true\s*\)|"
                    r"(?:EXPECT|ASSERT)_EQ\s*\(\s*(\w+)\s*,\s*\2\s*\))")
# Calls whose names mean nothing else. sys::mmap(…) is ours; ::mmap(…) and mmap(…) are not.
RAW_CALL = re.compile(
    r"(?<![\w.>])(?P<scope>(?:\w+::)*|::)(?P<name>accept4|getsockname|getsockopt|setsockopt|getaddrinfo|"
    r"getifaddrs|socketpair|sendmsg|recvmsg|readlink|epoll_create1|epoll_ctl|epoll_wait|eventfd|"
    r"memfd_create|ftruncate|posix_fallocate|mmap|syscall|pthread_create|getrandom|process_vm_readv|"
    r"process_vm_writev)\s*\(")
GLOBAL_CALL = re.compile(r"(?<![\w>])::(?P<name>socket|bind|listen|accept|connect|send|recv|read|write|open|poll)\s*\(")
ENDS_PROCESS = re.compile(r"(?<![\w.>:])(?:std::|::)?(?P<name>exit|_exit|_Exit|quick_exit|abort|terminate)\s*\(")
THREAD = re.compile(r"\bstd::(thread|jthread|async)\b(?!::)")


def in_library(path):
    return path.parts[0] in LIBRARY


def each(pattern, code, path, say):
    return [f"{path}:{line_of(code, m.start())}: {say(m)}" for m in pattern.finditer(code)]


def openings(path, text, sources):
    """A .cc may leave the opening to the header of its name, which stands beside it."""
    found = []
    first = text[LICENCE.match(text).end():].lstrip("\n")[:40]
    spoken = first.startswith(("//", "/*", "#!", '"""')) or (path.suffix in (".py", ".sh") and first[:1] in "#\"")
    by_header = path.suffix in (".cc", ".c") and path.with_suffix(".h") in sources
    if not spoken and not by_header:
        found.append(f"{path}:1: opens without saying what it is about")
    if path.suffix == ".h":
        guard = path.parts[0] == "include" and re.search(r"^#ifndef \w+_H_$", text, re.M)
        if not guard and not re.search(r"^#pragma once$", text, re.M) and not path.stem.endswith("_inl"):
            found.append(f"{path}:1: a header without #pragma once")
    return found


def file_names(path):
    found = []
    if path.suffix != ".sh" and not re.match(r"^[a-z0-9_]+$", path.stem):
        found.append(f"{path}: a name that is not snake_case")
    if SAYS_NOTHING.match(path.stem):
        found.append(f"{path}: a name that says nothing")
    return found


def listed(path, cmake_files):
    """Named by the CMake files of its folder or one above, by its path from there."""
    if path.suffix not in (".cc", ".c"):
        return []
    for folder in path.parents:
        name = path.relative_to(folder)
        # A loop over names may leave out the suffix, or put a variable in the name's place.
        wanted = (name.as_posix(), name.with_suffix("").as_posix())
        for token in re.findall(r"[\w./${}+-]+", cmake_files.get(folder, "")):
            pattern = r"\w+".join(re.escape(part) for part in re.split(r"\$\{\w+\}", token))
            if token in wanted or ("${" in token and re.fullmatch(pattern, wanted[0])):
                return []
    return [f"{path}: no CMakeLists.txt builds it"]


def no_throw(path, code):
    if not in_library(path):
        return []
    found = each(re.compile(r"\bthrow\b"), code, path, lambda m: "throws")
    for match in ENDS_PROCESS.finditer(code):
        before = re.search(r"(\w*)\s*$", code[:match.start()])[1]
        if before in ("", "return", "else", "do"):  # else a declaration: void abort();
            found.append(f"{path}:{line_of(code, match.start())}: {match['name']}() ends the user's process")
    return found


def one_seam(path, code):
    if not in_library(path) or str(path) in SEAM:
        return []
    found = each(GLOBAL_CALL, code, path, lambda m: f"::{m['name']}() passes by os::sys::{m['name']}()")
    found += [f"{path}:{line_of(code, m.start())}: {m['name']}() passes by the seam of src/os"
              for m in RAW_CALL.finditer(code) if not m["scope"].endswith("sys::")]
    found += each(THREAD, code, path, lambda m: f"std::{m[1]} throws; threads start by os::sys::threadCreate()")
    return found


def tests(path, code):
    if path.parts[0] != "tests" or path.suffix == ".py":
        return []
    found = each(re.compile(r"\bDISABLED_\w+"), code, path, lambda m: f"{m[0]}: a disabled test is no test")
    found += each(re.compile(r"\bGTEST_SKIP\s*\(\s*\)\s*;"), code, path, lambda m: "a skip without its reason")
    found += each(TRUISM, code, path, lambda m: f"{m[0]} asserts nothing")
    return found


def unfinished(path, text):
    if path.parts[:2] == ("tests", "house"):
        return []
    return each(UNFINISHED, text, path, lambda m: f"'{m[0]}': unfinished")


def check(sources, cmake_files):
    """All complaints. sources: {path: text}; cmake_files: {folder: text} without comments."""
    found = []
    for path, text in sorted(sources.items()):
        found += openings(path, text, sources) + file_names(path) + unfinished(path, text)
        if path.suffix in (".cc", ".h", ".c"):
            code = strip_code(text)
            found += listed(path, cmake_files) + no_throw(path, code) + one_seam(path, code)
            found += tests(path, code)
    return found


def main(arguments):
    root = Path(arguments[0])
    paths = source_files(root, (".cc", ".h", ".c", ".py", ".sh"))
    sources = {path: (root / path).read_text() for path in paths}
    cmake_files = {}
    for path in source_files(root, (".txt", ".cmake")):
        if path.name == "CMakeLists.txt" or path.suffix == ".cmake":
            code = re.sub(r"#[^\n]*", "", (root / path).read_text())
            cmake_files[path.parent] = cmake_files.get(path.parent, "") + code
    found = check(sources, cmake_files)
    if not sources:
        found.append(f"no sources under {root}")
    print("\n".join(found) or f"rules: {len(sources)} files hold them")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
