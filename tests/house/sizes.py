#!/usr/bin/env python3
"""Files of at most 600 lines, functions of at most 80, with the exceptions in one list that shrinks.

    sizes.py ROOT [EXCEPTIONS]     check (exit status 1 when something is too long)
    sizes.py --longest ROOT        the longest files and functions, to look at

The list holds lines 'path lines' and 'path:function lines'. The figure is the exact length: whoever
makes the thing longer breaks the test, and whoever makes it shorter must lower the figure or take
the line out, so that it never grows back.

Functions are found by their braces. That is no parser: it knows what stands before a brace that
opens a body, and counts from there to the brace that closes it (lambdas inside belong to it).
"""
import ast
import re
import sys
from pathlib import Path

from sources import line_of, source_files, strip_code

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80
SUFFIXES = (".cc", ".h", ".c", ".py", ".sh", ".cmake", ".txt", "")

FUNCTION = re.compile(r"\)\s*(const|volatile|noexcept(\([^)]*\))?|override|final|mutable|try|&&?|"
                      r"->[^{};]*|requires[^{};]*|:(?!:)[^{};]*|__attribute__\(\([^)]*\)\)|\s)*$")
NAME = re.compile(r"((?:\w+::)*operator\s*\(\)|(?:\w+::)*operator\s*[^\s\w(]{1,3}|[~\w:]+)\s*\(")


def without_preprocessor(code):
    """Lines of the preprocessor blanked, with the lines that continue them."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M)


def without_template(header):
    """The header without its template<…> parts, which may nest and hold parentheses."""
    while found := re.search(r"\btemplate\s*<", header):
        depth, at = 1, found.end()
        while depth and at < len(header):
            depth += {"<": 1, ">": -1}.get(header[at], 0) if header[at - 1] != "-" else 0
            at += 1
        while header.count("(", found.start(), at) != header.count(")", found.start(), at):
            at = header.find(">", at) + 1 or len(header)
        header = header[:found.start()] + header[at:]
    return header


def function_name(header):
    header = without_template(header)
    found = NAME.search(header)
    if not found:
        return "(lambda)"
    if found[1] in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
        inside = re.sub(r"\s+", "", header[found.end():].split(")")[0])
        return f"{found[1]}({inside})"
    return found[1]


def kind_of(header):
    """What the brace after `header` (the text since the last ';', '{' or '}') opens."""
    text = without_template(header.strip())
    while "}" in text:  # values of members in a constructor's list
        inner = re.sub(r"\{[^{}]*\}", "()", text)
        if inner == text:
            break
        text = inner
    if re.search(r"(=|\breturn|,|\()\s*$", text):
        return "value"
    if FUNCTION.search(text) and not re.match(r"(class|struct|enum|union|namespace)\b", text):
        return "function"
    if re.search(r"\b(namespace|class|struct|union|enum|extern)\b", text) and "(" not in text.split("alignas")[0]:
        return "container"
    return "container" if re.match(r"(class|struct|union|enum)\b", text) else "value"


class Scanner:
    """One pass over the braces of a file; see kind_of for the only judgement it makes."""

    def __init__(self, code):
        self.code = code
        self.start = 0        # where the text since the last ';', '{' or '}' begins
        self.open = []        # (kind, position of the header) of each brace that is open
        self.functions = []   # (name, first line, lines)

    def inside_function(self):
        return any(kind == "function" for kind, _ in self.open)

    def open_brace(self, at):
        if self.inside_function():
            self.open.append(("block", at))
            return
        self.open.append((kind_of(self.code[self.start:at]), self.start))
        if self.open[-1][0] != "value":
            self.start = at + 1

    def close_brace(self, at):
        if not self.open:
            return
        kind, start = self.open.pop()
        if self.inside_function():
            return
        rest = self.code[at + 1:].lstrip()
        # `: a_{1}, b_{2} {`: what looked like a body was the value of a member; the body follows.
        if kind == "function" and not (rest[:1] in ("{", ",") and re.search(
                r"\)[^{]*:", self.code[start:at])):
            self.add(start, at)
        elif kind in ("function", "value"):
            self.start = start
            return
        self.start = at + 1

    def add(self, start, end):
        header = self.code[start:end]
        begin = start + len(header) - len(header.lstrip())
        first, last = line_of(self.code, begin), line_of(self.code, end)
        self.functions.append((function_name(header.split("{")[0]).strip(), first, last - first + 1))

    def scan(self):
        for match in re.finditer(r"[;{}]", self.code):
            if match[0] == "{":
                self.open_brace(match.start())
            elif match[0] == "}":
                self.close_brace(match.start())
            elif not self.open or self.open[-1][0] == "container":
                self.start = match.end()
        return self.functions


def cpp_functions(text):
    code = without_preprocessor(strip_code(text))
    code = re.sub(r"\b(public|private|protected)\s*:(?!:)", lambda m: ";".rjust(len(m[0])), code)
    return Scanner(code).scan()


def python_functions(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.name, node.lineno, node.end_lineno - node.lineno + 1)
            for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def shell_functions(text):
    found = []
    for match in re.finditer(r"^(\w+)\(\) *\{(?![^\n]*\}$).*?^\}", text, re.M | re.S):
        found.append((match[1], line_of(text, match.start()), match[0].count("\n") + 1))
    return found


def functions_of(path, text):
    if path.suffix in (".cc", ".h", ".c"):
        return cpp_functions(text)
    if path.suffix == ".py":
        return python_functions(text)
    return shell_functions(text) if path.suffix in (".sh", "") else []


def lengths(sources):
    """{'path' or 'path:function': (lines, limit)} of everything."""
    found = {}
    for path, text in sources.items():
        found[str(path)] = (text.count("\n"), MAX_FILE_LINES)
        for name, _, lines in functions_of(path, text):
            key = f"{path}:{name}"
            found[key] = max(found.get(key, (0, 0)), (lines, MAX_FUNCTION_LINES))
    return found


def parse_exceptions(text):
    found = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            found[" ".join(words[:-1])] = int(words[-1])
    return found


def check(sources, exceptions):
    found = []
    measured = lengths(sources)
    for key, (lines, limit) in sorted(measured.items()):
        listed = exceptions.get(key)
        if listed is None and lines > limit:
            found.append(f"{key} has {lines} lines, {limit} are the most")
        elif listed is not None and lines > max(listed, limit):
            found.append(f"{key} has {lines} lines, more than the {listed} of its exception")
        elif listed is not None and lines <= limit:
            found.append(f"{key} has only {lines} lines: take its exception out of the list")
        elif listed is not None and lines < listed:
            found.append(f"{key} has only {lines} lines: lower its exception from {listed}")
    found += [f"{key} is in the list of exceptions and does not exist" for key in exceptions if key not in measured]
    return found


def read_sources(root):
    """Everything that is code; of the text files only the build's."""
    paths = [p for p in source_files(root, SUFFIXES) if p.suffix != ".txt" or p.name == "CMakeLists.txt"]
    return {path: (root / path).read_text() for path in paths}


def main(arguments):
    if arguments[0] == "--longest":
        measured = lengths(read_sources(Path(arguments[1])))
        for limit in (MAX_FILE_LINES, MAX_FUNCTION_LINES):
            rows = sorted(((lines, key) for key, (lines, of) in measured.items() if of == limit), reverse=True)
            print("\n".join(f"{lines:5d}  {key}" for lines, key in rows[:20]), end="\n\n")
        return 0
    root = Path(arguments[0])
    exceptions = Path(arguments[1]) if len(arguments) > 1 else root / "tests/house/size_exceptions.txt"
    sources = read_sources(root)
    found = check(sources, parse_exceptions(exceptions.read_text()))
    if not sources:
        found.append(f"no sources under {root}")
    print("\n".join(found) or f"sizes: {len(sources)} files fit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
