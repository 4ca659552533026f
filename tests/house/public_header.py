#!/usr/bin/env python3
"""The public headers stand alone, in C99 and in C++, and say the version that the project has.

    public_header.py ROOT VERSION

Compiled by every compiler that is here (cc, g++, clang): warnings are errors, since a user's may be.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = ("-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")
DIALECTS = (("cc", "c", "c99"), ("cc", "c", "c11"), ("c++", "c++", "c++11"), ("c++", "c++", "c++20"),
            ("clang", "c", "c99"), ("clang++", "c++", "c++11"))

# Beyond being parsed: the parts of the main header that only use can test.
USE = """
int main(void) {
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  incclComm_t comm = INCCL_COMM_NULL;
  incclStream_t stream = 0;
  return config.size == sizeof(config) && config.magic == INCCL_CONFIG_MAGIC && comm == 0 && stream == 0;
}
#if INCCL_VERSION_CODE != INCCL_VERSION(INCCL_MAJOR, INCCL_MINOR, INCCL_PATCH)
#error "INCCL_VERSION_CODE does not agree with its parts"
#endif
#if INCCL_VERSION_CODE != %d
#error "INCCL_VERSION_CODE does not agree with the project's version"
#endif
"""


def compile_text(compiler, language, dialect, include, text):
    """What the compiler complains of, '' when nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".c" if language == "c" else ".cc") as file:
        file.write(text)
        file.flush()
        command = [compiler, "-x", language, f"-std={dialect}", *FLAGS, f"-I{include}", file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else f"{compiler} -std={dialect}:\n{done.stderr}"


def version_code(version):
    major, minor, patch = (int(part) for part in version.split("."))
    return major * 10000 + minor * 100 + patch


def complaints(include, version):
    """For every header under `include`, in every dialect."""
    headers = sorted(include.rglob("*.h"))
    found = [] if headers else [f"no header under {include}"]
    for compiler, language, dialect in DIALECTS:
        if shutil.which(compiler) is None:
            continue
        for header in headers:
            name = header.relative_to(include)
            # Twice: a header must bear being included again.
            text = f"#include <{name}>\n" * 2
            text += USE % version_code(version) if name.name == "inccl.h" else "int unused_;\n"
            found.append(compile_text(compiler, language, dialect, include, text))
    return [line for line in found if line]


def main(arguments):
    found = complaints(Path(arguments[0]) / "include", arguments[1])
    print("\n".join(found) or "public headers: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
