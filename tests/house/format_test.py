"""format.py names the file that is not formatted, and only that."""
import tempfile
import unittest
from pathlib import Path

import format as style


@unittest.skipIf(style.obstacle(), style.obstacle())
class Format(unittest.TestCase):
    def test_names_the_bad_file(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / ".clang-format").write_text("BasedOnStyle: Google\nColumnLimit: 100\n")
            (root / "good.cc").write_text("int f() { return 1; }\n")
            (root / "bad.cc").write_text("int  f( ){ return 1 ; }\n")
            self.assertEqual(style.unformatted(root, [Path("bad.cc"), Path("good.cc")]), ["bad.cc"])
            self.assertEqual(style.unformatted(root, [Path("good.cc")]), [])

    def test_a_failure_of_the_tool_is_not_taken_for_success(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotEqual(style.unformatted(Path(folder), [Path("missing.cc")]), [])


if __name__ == "__main__":
    unittest.main()
