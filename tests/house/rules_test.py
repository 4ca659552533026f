"""rules.py finds each kind of slip in made-up files, and nothing in good ones."""
import unittest
from pathlib import Path

import rules

GOOD = "// What this is about.\n"
GOOD_HEADER = GOOD + "#pragma once\n"


class Rules(unittest.TestCase):
    def found(self, path, text, cmake=None, **others):
        sources = {Path(path): text}
        sources.update({Path(name.replace("__", "/") + ".h"): GOOD_HEADER for name in others})
        cmake_files = {Path(path).parent: cmake if cmake is not None else Path(path).name}
        return [line for line in rules.check(sources, cmake_files) if line.startswith(path)]

    def slip(self, expected, path, text, **more):
        found = self.found(path, text, **more)
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def fine(self, path, text, **more):
        self.assertEqual(self.found(path, text, **more), [])

    def test_openings(self):
        self.fine("src/os/a.cc", GOOD)
        self.fine("src/os/a.cc", "// SPDX-License-Identifier: Apache-2.0\n\n" + GOOD)
        self.slip("opens without", "src/os/a.cc", '#include "os/b.h"\n')
        self.slip("opens without", "src/os/a.cc", "// SPDX-License-Identifier: Apache-2.0\n#include <x>\n")
        self.fine("src/os/a.cc", '#include "os/a.h"\n', src__os__a=True)
        self.slip("opens without", "scripts/a.sh", "#!/bin/sh\nset -e\n")
        self.fine("scripts/a.sh", "#!/bin/sh\n# What this is about.\n")

    def test_pragma_once(self):
        self.fine("src/os/a.h", GOOD_HEADER)
        self.slip("#pragma once", "src/os/a.h", GOOD)
        self.slip("#pragma once", "src/os/a.h", GOOD + "#ifndef A_H_\n#define A_H_\n#endif\n")
        self.fine("include/inccl/a.h", "/* About. */\n#ifndef A_H_\n#define A_H_\n#endif\n")

    def test_file_names(self):
        for name in ("utils", "common", "misc", "helper"):
            self.slip("says nothing", f"src/os/{name}.h", GOOD_HEADER)
        self.slip("snake_case", "src/os/eventLoop.h", GOOD_HEADER)
        self.fine("scripts/install-deps.sh", "#!/bin/sh\n# About.\n")

    def test_listed(self):
        self.slip("no CMakeLists.txt builds it", "src/os/a.cc", GOOD, cmake="inccl_module(os SOURCES b.cc aa.cc)")
        self.slip("no CMakeLists.txt builds it", "src/os/a.cc", GOOD, cmake="sub/a.cc")
        self.fine("src/os/a.cc", GOOD, cmake="foreach(name a b)")
        self.fine("src/os/a_test.cc", GOOD, cmake="add_executable(${name} ${name}_test.cc)")

    def test_no_throw(self):
        self.slip("throws", "src/os/a.cc", GOOD + "void f() { throw 1; }\n")
        self.fine("src/os/a.cc", GOOD + "// never throw\nconst char* t = \"throw\";\n")
        self.fine("tests/os/a.cc", GOOD + "void f() { throw 1; }\n")
        for call in ("abort()", "std::abort()", "exit(1)", "std::_Exit(1)", "std::terminate()"):
            self.slip("ends the user's process", "src/os/a.cc", GOOD + f"void f() {{ {call}; }}\n")
        self.fine("src/os/a.cc", GOOD + "void f() { comm.abort(); comm->abort(); Comm::abort(); }\n")
        self.fine("src/os/a.cc", GOOD + "struct A {\n  void abort();\n};\nvoid A::abort() {}\n")

    def test_one_seam(self):
        self.slip("mmap() passes by the seam", "src/os/a.cc", GOOD + "void* p = mmap(0, 1, 2, 3, 4, 5);\n")
        self.slip("mmap() passes by the seam", "src/os/a.cc", GOOD + "void* p = ::mmap(0, 1, 2, 3, 4, 5);\n")
        self.fine("src/os/a.cc", GOOD + "void* p = sys::mmap(0, 1, 2, 3, 4, 5);\n")
        self.fine("src/exec/a.cc", GOOD + "void* p = os::sys::mmap(0, 1, 2, 3, 4, 5);\n")
        self.slip("::send() passes by", "src/os/a.cc", GOOD + "int n = ::send(1, 2, 3, 4);\n")
        self.fine("src/os/a.cc", GOOD + "auto p = channel.send(1, 2); q->recv(1); Channel::send(2);\n")
        self.slip("threads start by", "src/os/a.cc", GOOD + "std::thread t(f);\n")
        self.fine("src/os/a.cc", GOOD + "std::this_thread::yield(); std::thread::id me;\n")
        self.fine("src/os/syscalls.cc", GOOD + "void* p = ::mmap(0, 1, 2, 3, 4, 5);\n")

    def test_tests(self):
        self.slip("disabled", "tests/os/a.cc", GOOD + "TEST(A, DISABLED_B) {}\n")
        self.slip("without its reason", "tests/os/a.cc", GOOD + "TEST(A, B) { GTEST_SKIP(); }\n")
        self.fine("tests/os/a.cc", GOOD + 'TEST(A, B) { GTEST_SKIP() << "no IPv6 here"; }\n')
        for nothing in ("SUCCEED()", "EXPECT_TRUE(true)", "ASSERT_EQ(x, x)"):
            self.slip("asserts nothing", "tests/os/a.cc", GOOD + f"TEST(A, B) {{ {nothing}; }}\n")
        self.fine("tests/os/a.cc", GOOD + "TEST(A, B) { EXPECT_EQ(x, y); EXPECT_TRUE(f()); }\n")

    def test_unfinished(self):
        for word in ("TO" + "DO", "FIX" + "ME", "not imple" + "mented"):
            self.slip("unfinished", "src/os/a.cc", GOOD + f"// {word}: later\n")


if __name__ == "__main__":
    unittest.main()
