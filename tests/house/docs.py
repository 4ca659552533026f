#!/usr/bin/env python3
"""What the documents say, as far as a machine can check it.

    docs.py ROOT

links      a relative link in a .md file leads to a file that is there
program    the README's C program compiles against the header, as C99, without a warning
variables  the README's table and the code name the same environment variables
labels     the labels of tests are those that CONTRIBUTING explains
"""
import re
import sys
from pathlib import Path

from public_header import compile_text
from sources import CODE_FOLDERS, source_files, strip_comments

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
VARIABLE = re.compile(r"\bINCCL_[A-Z][A-Z_]*\b")
# environmentText("NAME") and its kin read INCCL_NAME.
READ = re.compile(r"\benvironment(?:Text|Integer|Bytes|Seconds)\s*\(\s*\"(\w+)\"|\"(INCCL_\w+)\"")


def broken_links(path, text, exists):
    """`exists` says whether a path relative to the root is there."""
    found = []
    for target in LINK.findall(text):
        if re.match(r"\w+:", target):
            continue
        parts = []
        for part in (path.parent / target).parts:
            if part == ".." and parts:
                parts.pop()
            elif part not in (".", ""):
                parts.append(part)
        if not exists(Path(*parts)):
            found.append(f"{path}: the link to {target} leads nowhere")
    return found


def table_variables(readme):
    """Variables in the first column of the table under '## Environment'."""
    section = re.search(r"^## Environment$(.*?)^## ", readme, re.M | re.S)
    rows = re.findall(r"^\|([^|]*)\|", section[1] if section else "", re.M)
    return {name for row in rows for name in VARIABLE.findall(row)}


def read_variables(sources):
    """Variables that the library reads (of the tests' and tools' own ones nothing is promised)."""
    found = set()
    for text in sources:
        for short, whole in READ.findall(strip_comments(text)):
            found.add(whole or f"INCCL_{short}")
    return found


def variable_complaints(readme, sources):
    table, read = table_variables(readme), read_variables(sources)
    found = [] if table else ["README.md: no table of variables under '## Environment'"]
    found += [f"README.md: {name} is read by the library and not in the table" for name in sorted(read - table)]
    found += [f"README.md: {name} is in the table and read by nobody" for name in sorted(table - read)]
    return found


def programs(markdown):
    return re.findall(r"^```c\n(.*?)^```$", markdown, re.M | re.S)


def label_complaints(contributing, cmake_texts):
    rows = re.findall(r"^\|((?: *`\w+`,?)+) *\|", contributing, re.M)
    explained = {word for row in rows for word in re.findall(r"\w+", row)}
    found = [] if explained else ["CONTRIBUTING.md: no table of labels"]
    for path, text in cmake_texts.items():
        for labels in re.findall(r"\bLABELS((?:\s+\"?[a-z][\w;]*\"?)+)", re.sub(r"#[^\n]*", "", text)):
            for label in re.findall(r"[a-z]\w*", labels):
                if label not in explained:
                    found.append(f"{path}: label '{label}' is not explained in CONTRIBUTING.md")
    return found


def main(arguments):
    root = Path(arguments[0])
    pages = [p.relative_to(root) for p in sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])]
    found = []
    for page in pages:
        found += broken_links(page, (root / page).read_text(), lambda p: (root / p).exists())
    readme = (root / "README.md").read_text()
    for program in programs(readme) or [""]:
        found.append(compile_text("cc", "c", "c99", root / "include", program or "#error no program in README.md\n"))
    library = [(root / p).read_text() for p in source_files(root, folders=("src",))]
    found += variable_complaints(readme, library)
    cmake = {p: (root / p).read_text() for p in source_files(root, (".txt",), CODE_FOLDERS)
             if p.parts[0] == "tests" and p.name == "CMakeLists.txt"}
    found += label_complaints((root / "CONTRIBUTING.md").read_text(), cmake)
    found = [line for line in found if line]
    print("\n".join(found) or f"docs: {len(pages)} pages agree with the code")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
