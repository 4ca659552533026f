"""public_header.py refuses headers that are not C99, not self-contained, or of another version."""
import tempfile
import unittest
from pathlib import Path

import public_header

GOOD = """#ifndef H_
#define H_
#include <stddef.h>
#define INCCL_MAJOR 0
#define INCCL_MINOR 1
#define INCCL_PATCH 2
#define INCCL_VERSION_CODE 102
#define INCCL_VERSION(X, Y, Z) ((X)*10000 + (Y)*100 + (Z))
#define INCCL_COMM_NULL NULL
#define INCCL_CONFIG_MAGIC 7u
typedef struct { size_t size; unsigned magic; } incclConfig_t;
#define INCCL_CONFIG_INITIALIZER { sizeof(incclConfig_t), INCCL_CONFIG_MAGIC }
typedef struct incclComm* incclComm_t;
typedef struct CUstream_st* incclStream_t;
#endif
"""


class PublicHeader(unittest.TestCase):
    def complaints(self, text, version="0.1.2"):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "inccl").mkdir()
            (Path(folder) / "inccl" / "inccl.h").write_text(text)
            return public_header.complaints(Path(folder), version)

    def test_a_good_header(self):
        self.assertEqual(self.complaints(GOOD), [])

    def test_slips(self):
        for slip in (GOOD.replace("#include <stddef.h>\n", ""),      # not self-contained
                     GOOD.replace("#endif\n", "int f(bool b);\n#endif\n"),   # C++, not C99
                     GOOD.replace("#endif\n", "int f(int class);\n#endif\n"),  # C, not C++
                     GOOD.replace("#ifndef H_\n", "#if 1\n").replace("#define H_\n", ""),  # no guard
                     GOOD.replace("CODE 102", "CODE 103")):
            self.assertNotEqual(self.complaints(slip), [], slip)

    def test_another_version(self):
        self.assertNotEqual(self.complaints(GOOD, "0.1.3"), [])

    def test_no_header_at_all(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotEqual(public_header.complaints(Path(folder), "0.1.0"), [])


if __name__ == "__main__":
    unittest.main()
