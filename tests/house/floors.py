#!/usr/bin/env python3
"""Holds the floors of docs/architecture.md: who may include, and link to, whom.

    floors.py ROOT

Reads every #include and every line of the CMake files that links one of our modules. A folder sees
only folders on lower floors; folders of one floor, and sibling transports, do not see each other.
What the documents say in prose is the tables below.
"""
import re
import sys
from pathlib import Path

from sources import line_of, source_files, strip_comments

# Folder → floor. A folder not named here may not exist.
FLOORS = {
    "src/base": 0,
    "src/wire": 1, "src/topo": 1, "src/schedule": 1, "src/reduce": 1,
    "src/os": 2, "src/verify": 2, "src/algo": 2, "src/sim": 2,
    "src/ports": 3, "src/discover": 3, "synth": 3,
    "src/bootstrap": 4, "src/transport": 4, "src/cuda": 4, "switch": 4,
    "src/ina": 5,
    "src/exec": 6,
    "src/comm": 7,
    "src/api": 8,
    "torch": 9, "bench": 9, "tools": 9, "examples": 9,
}
PUBLIC = "include/inccl"
# The public header is the boundary: inside the library only the C entry points know it.
PUBLIC_READERS = ("src/api", "torch", "bench", "tools", "examples", "tests")
# These stand where a user stands: of our code they see the public header only.
OUTSIDERS = ("torch", "bench", "examples")
INSIDERS_AMONG_THEM = ("bench/micro",)
# The switch reads the protocol a second time, so it shares as little as possible.
ONLY = {"switch": ("src/base", "src/wire", "src/reduce", "src/os", "src/ports"),
        "tests/support": ("src/base", "src/os", PUBLIC)}
# Folders whose subfolders are siblings that do not see each other.
SIBLINGS = ("src/transport", "src/ports")

# Headers of others: first match decides, → the only folders that may include them.
VENDORS = (
    (r"infiniband/|rdma/", ("src/transport/rdma",)),
    (r"rte_\w+\.h", ("src/ports/dpdk",)),
    (r"cuda(_\w+)?\.h|cuda/|driver_types\.h|nvml\.h", ("src/cuda",)),
    (r"torch/|ATen/|c10/", ("torch",)),
    (r"hwloc(/|\.h)", ("src/discover",)),
    (r"hwy/", ("src/reduce", "tests/reduce", "bench/micro")),
    (r"sodium(/|\.h)", ("src/wire", "src/bootstrap", "src/ina")),
    (r"spdlog/", ("src/base",)),
    (r"pugi(xml|config)\.hpp", ("src/schedule",)),
    (r"nlohmann/", ("src/base", "src/topo", "src/schedule", "synth", "bench", "tools", "tests")),
    (r"CLI/", ("bench", "tools")),
    (r"(Clp|Cbc|Coin|Osi|Cgl)\w+\.h(pp)?|z3(\+\+|_\w+)?\.h", ("synth/solver",)),
    (r"pmix(_\w+)?\.h", ("src/bootstrap",)),
    (r"mpi\.h", ("bench/peers",)),
    (r"gloo/", ("bench/peers",)),
    (r"benchmark/", ("bench/micro",)),
    (r"gtest/|gmock/", ("tests",)),
)
# Of these not even a header that somebody else includes may speak.
STRICT_VENDORS = re.compile(r"infiniband/|rdma/|rte_\w+\.h|cuda(_\w+)?\.h|cuda/|torch/|ATen/|c10/")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def under(path, folder):
    return str(path) == folder or str(path).startswith(folder + "/")


def folder_of(path):
    """The folder with a floor that holds this path; tests/<x> and the public header as they are."""
    path = str(path)
    if under(path, PUBLIC):
        return PUBLIC
    parts = path.split("/")
    if parts[0] == "tests":
        return "/".join(parts[:2]) if len(parts) > 2 else "tests"
    for folder in FLOORS:
        if under(path, folder):
            return folder
    return "/".join(parts[:-1])


def sibling_of(path):
    """src/transport/shm for a file below it, else None."""
    for parent in SIBLINGS:
        if under(path, parent):
            below = str(path)[len(parent) + 1:].split("/")
            return f"{parent}/{below[0]}" if len(below) > 1 else None
    return None


def refusal(source, target):
    """Why the file `source` may not see the file `target`, or None. Both relative to the root."""
    here, there = folder_of(source), folder_of(target)
    if there == here:
        mine, other = sibling_of(source), sibling_of(target)
        if other and mine != other:
            return f"{mine or here} does not see the sibling {other}"
        return None
    if here in ONLY and there not in ONLY[here]:
        return f"{here} sees only {', '.join(ONLY[here])}"
    if there == PUBLIC:
        return None if any(under(source, reader) for reader in PUBLIC_READERS) else (
            f"the public header is not for {here}")
    if there.startswith("tests") and not here.startswith("tests"):
        return f"{here} does not see tests"
    if here.startswith("tests"):
        return test_refusal(source, here, there)
    if here not in FLOORS:
        return f"{here} has no floor"
    if there not in FLOORS:
        return f"{there} has no floor"
    if here in OUTSIDERS and not any(under(source, folder) for folder in INSIDERS_AMONG_THEM):
        return f"{here} sees only the public header"
    if FLOORS[there] > FLOORS[here]:
        return f"upward: {there} (floor {FLOORS[there]}) lies above {here} (floor {FLOORS[here]})"
    if FLOORS[there] == FLOORS[here]:
        return f"sideways: {there} and {here} are both on floor {FLOORS[here]}"
    return None


def mirrored_folder(tests_folder):
    """src/exec for tests/exec; None for folders that mirror nothing."""
    name = tests_folder.removeprefix("tests/")
    return next((folder for folder in (f"src/{name}", name) if folder in FLOORS), None)


def test_refusal(source, here, there):
    """Tests mirror the tree: tests/exec may see what src/exec may see, itself, and its floor."""
    mirrored, other = mirrored_folder(here), mirrored_folder(there)
    if there.startswith("tests"):
        below = mirrored and other and FLOORS[other] < FLOORS[mirrored]
        return None if there == "tests/support" or below else f"{here} does not see {there}"
    if mirrored is None or there not in FLOORS:
        return None
    if FLOORS[there] > FLOORS[mirrored]:
        return f"upward: a test of {mirrored} does not need {there}"
    return None


def vendor_refusal(source, name):
    for pattern, folders in VENDORS:
        if re.match(pattern, name):
            if any(under(source, folder) for folder in folders):
                return None
            return f"<{name}> belongs into {' or '.join(folders)} only"
    return None


def resolve(source, name, files):
    """The file of ours that `name` means when `source` includes it, or None."""
    for base in (Path(source).parent, Path("src"), Path("include"), Path("."), Path("tests"), Path("bench"), Path("tools")):
        candidate = Path(*[p for p in (base / name).parts if p != "."])
        if ".." in candidate.parts:
            continue
        if candidate in files:
            return candidate
    return None


def includes_of(text):
    """(line, quoted, name) of each #include."""
    code = strip_comments(text)
    return [(line_of(code, m.start()), m[1] == '"', m[2]) for m in INCLUDE.finditer(code)]


def check_includes(sources):
    """sources: {path: text}. Complaints about includes, each as 'file:line: what'."""
    files = set(sources)
    found = []
    speaks_vendor, seen_from = {}, {}
    for source, text in sorted(sources.items()):
        for line, quoted, name in includes_of(text):
            target = resolve(source, name, files)
            reason = refusal(source, target) if target else vendor_refusal(source, name)
            if target is None and reason is None and quoted and not name.startswith(("hwy/",)):
                reason = f"\"{name}\" is no file of this project (other people's headers stand in <>)"
            if reason:
                found.append(f"{source}:{line}: {reason}")
            if target is None and STRICT_VENDORS.match(name) and source.suffix == ".h":
                speaks_vendor[source] = name
            if target is not None and folder_of(target) != folder_of(source):
                seen_from.setdefault(target, source)
    for header, name in sorted(speaks_vendor.items()):
        if header in seen_from:
            found.append(f"{header}: speaks of <{name}> and is included by {seen_from[header]}")
    for source in sorted(files):
        folder = folder_of(source)
        if folder not in FLOORS and folder != PUBLIC and not folder.startswith("tests"):
            found.append(f"{source}: {folder} has no floor in tests/house/floors.py")
    return found


# ---- CMake ---------------------------------------------------------------------------------------

COMMAND = re.compile(r"\b(inccl_module|inccl_test|add_library|add_executable|target_link_libraries)\s*"
                     r"\(\s*([\w.${}-]+)([^()]*)\)", re.I)
OURS = re.compile(r"\binccl(?:::|_)(\w+)")
NO_MODULE = ("options",)


def commands_of(text):
    """(line, command, first word, the other words) of each command that makes or links a target."""
    code = re.sub(r"#[^\n]*", lambda m: " " * len(m[0]), text)
    return [(line_of(code, m.start()), m[1], m[2], m[3]) for m in COMMAND.finditer(code)]


def module_name(command, first):
    if command == "inccl_module":
        return first
    if command in ("add_library", "add_executable", "target_link_libraries") and first.startswith("inccl_"):
        return first.removeprefix("inccl_")
    return None


def modules_of(cmake_files):
    """Module name → folder of the CMake file that makes it."""
    found = {}
    for path, text in cmake_files.items():
        for _, command, first, _ in commands_of(text):
            name = module_name(command, first)
            if name and command in ("inccl_module", "add_library"):
                found[name] = path.parent
    return found


def links_of(path, text, modules):
    """(line, target, linked module) of each of our modules that a CMake file links to."""
    for line, command, first, rest in commands_of(text):
        if command in ("add_library", "add_executable"):
            continue
        for name in dict.fromkeys(OURS.findall(rest)):
            if name in modules and name != module_name(command, first):
                yield line, first, name


def check_links(cmake_files):
    """cmake_files: {path: text}. Complaints about link lines against the floors."""
    modules = modules_of(cmake_files)
    found = []
    for path, text in sorted(cmake_files.items()):
        for line, command, _, rest in commands_of(text):
            for name in dict.fromkeys(re.findall(r"\binccl::(\w+)", rest)):
                if name not in modules and name not in NO_MODULE + ("inccl",):
                    found.append(f"{path}:{line}: inccl::{name} is no module")
        for line, target, name in links_of(path, text, modules):
            here = modules.get(target.removeprefix("inccl_"), path.parent)
            reason = refusal(here / "link", modules[name] / "link")
            if reason and name not in NO_MODULE:
                found.append(f"{path}:{line}: {target} links to {name}: {reason}")
    return found


def reachable(start, edges):
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += edges.get(name, ())
    return seen


def check_links_cover_includes(sources, cmake_files):
    """A module that includes another folder's header says so in its link line (or one below does)."""
    modules = modules_of(cmake_files)
    edges = {}
    for path, text in cmake_files.items():
        for _, target, name in links_of(path, text, modules):
            edges.setdefault(target.removeprefix("inccl_"), []).append(name)
    owners = {folder: name for name, folder in sorted(modules.items()) if under(folder, "src")}

    def owner_of(path):
        return next((owners[folder] for folder in path.parents if folder in owners), None)

    found = set()
    files = set(sources)
    for source, text in sources.items():
        mine = owner_of(source)
        if mine is None:
            continue
        for _, _, name in includes_of(text):
            target = resolve(source, name, files)
            theirs = owner_of(target) if target else None
            inside = target and folder_of(target) == folder_of(source)
            if theirs and not inside and theirs not in reachable(mine, edges):
                found.add(f"{modules[mine]}/CMakeLists.txt: {mine} includes {target.parent}/ and does not "
                          f"DEPEND on inccl::{theirs}")
    return sorted(found)


def read_all(root, paths):
    return {path: (root / path).read_text() for path in paths}


def main(arguments):
    root = Path(arguments[0])
    sources = read_all(root, source_files(root))
    cmake_files = read_all(root, [p for p in source_files(root, (".txt",)) if p.name == "CMakeLists.txt"])
    if not sources or not cmake_files:
        print(f"floors: no sources under {root}")
        return 1
    found = check_includes(sources) + check_links(cmake_files)
    found += check_links_cover_includes(sources, cmake_files)
    print("\n".join(found) or f"floors: {len(sources)} files hold them")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
