"""The sources of the project as text: which files there are, and what of them is code.

Shared by the checks of this folder. No parser of C++ is at hand on a plain machine, and none is
needed: the checks look at lines, words and braces, once comments and literals are out of the way.
"""
import os
import re
from pathlib import Path

# Folders of the project's own code; anything else at the top (build trees, caches) is not looked at.
CODE_FOLDERS = ("include", "src", "synth", "switch", "torch", "bench", "tools", "examples", "tests",
                "scripts", "cmake", ".ci")
CPP_SUFFIXES = (".cc", ".h", ".c")

# In this order: a comment may hold a quote, a literal may hold the start of a comment.
TOKEN = re.compile(
    r"""(?P<line>//(?:[^\n\\]|\\.|\\\n)*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<char>(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+')""", re.S | re.X)


def blank(text):
    """As many spaces, with the line ends kept, so that positions and line numbers stay."""
    return re.sub(r"[^\n]", " ", text)


def strip_comments(text):
    """The text with comments blanked, literals kept."""
    return TOKEN.sub(lambda m: blank(m[0]) if m["line"] or m["block"] else m[0], text)


def strip_code(text):
    """The text with comments and the insides of literals blanked."""
    def replace(match):
        token = match[0]
        if match["line"] or match["block"]:
            return blank(token)
        quote = '"' if token[-1] == '"' else "'"
        return quote + blank(token[1:-1]) + quote
    return TOKEN.sub(replace, text)


def source_files(root, suffixes=CPP_SUFFIXES, folders=CODE_FOLDERS):
    """Paths relative to root, sorted. An empty suffix stands for files without one."""
    root = Path(root)
    found = []
    for folder in folders:
        for directory, subdirectories, names in os.walk(root / folder):
            subdirectories[:] = [d for d in subdirectories if not d.startswith((".", "build", "__"))]
            for name in names:
                if os.path.splitext(name)[1] in suffixes:
                    found.append((Path(directory) / name).relative_to(root))
    return sorted(found)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
