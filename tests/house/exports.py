#!/usr/bin/env python3
"""The built library against the public header, both ways, and what it needs at run time.

    exports.py --library libinccl.so --header include/inccl/inccl.h [--sanitized]

Every function that the header declares is exported, nothing else is, and the library asks the
loader for nothing beyond the C and C++ run time, hwloc, libsodium and small utility libraries.
Exit status 77: a sanitized build, whose run time adds libraries and symbols.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

from sources import strip_code

SKIPPED = 77

NEEDED_ALLOWED = re.compile(
    r"^(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|ld-linux-[\w-]+|"
    r"libhwloc|libsodium|libfmt|libspdlog|libhwy|libpugixml)\.so(\.\d+)*$")

# A declaration at file scope: words, then a name of ours, then its parameters.
DECLARATION = re.compile(r"(?P<before>[^;{}]*?)\b(?P<name>inccl\w+)\s*\([^;{}]*\)\s*;", re.S)


def declared_functions(header_text):
    """(name, exported) of every function that the header declares."""
    code = strip_code(header_text)
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", code, flags=re.M)
    code = re.sub(r"extern\s+\"?\s*\"?\s*\{", "", code)
    found = []
    for match in DECLARATION.finditer(code):
        if "typedef" in match["before"].split():
            continue
        found.append((match["name"], "INCCL_EXPORT" in match["before"]))
    return found


def needed_libraries(readelf_output):
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", readelf_output)


def exported_symbols(nm_output):
    """Names that `nm -D --defined-only` lists; a version's own name (type A) is no symbol."""
    symbols = set()
    for line in nm_output.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] != "A":
            symbols.add(words[2].split("@")[0])
    return symbols


def complaints(header_text, readelf_output, nm_output):
    declared = declared_functions(header_text)
    names = {name for name, _ in declared}
    exported = exported_symbols(nm_output)
    found = []
    if not names:
        found.append("no function was found in the header: this checker is broken")
    found += [f"{name} is declared without INCCL_EXPORT" for name, marked in declared if not marked]
    found += [f"{name} is declared in the header and not exported" for name in sorted(names - exported)]
    found += [f"{name} is exported and not declared in the header" for name in sorted(exported - names)]
    needed = needed_libraries(readelf_output)
    if not needed:
        found.append("the library needs nothing at all: this checker is broken")
    found += [f"the library needs {name} at run time" for name in needed if not NEEDED_ALLOWED.match(name)]
    return found


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", dest="shared_object", type=Path, required=True)
    parser.add_argument("--header", type=Path, required=True)
    parser.add_argument("--sanitized", action="store_true")
    options = parser.parse_args()
    if options.sanitized:
        print("skipped: a sanitized library needs and exports what its sanitizer wants")
        return SKIPPED
    library = str(options.shared_object)
    found = complaints(options.header.read_text(), output_of("readelf", "-d", "-W", library),
                       output_of("nm", "-D", "--defined-only", library))
    for line in found:
        print(f"{options.shared_object.name}: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
