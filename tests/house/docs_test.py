"""docs.py finds dead links, variables without a row, rows without a variable, unknown labels."""
import unittest
from pathlib import Path

import docs

README = """# X
[a](docs/a.md) [b](https://example.org/b) [c](LICENSE) [d](docs/a.md#part)
## Environment
| variable | default |
|---|---|
| `INCCL_ONE`, `INCCL_TWO` | see INCCL_NOT_A_ROW |
## More
```c
int main(void) { return 0; }
```
"""
SOURCE = 'auto a = environmentText("ONE"); // environmentText("COMMENT")\nf("INCCL_TWO");\n'


class Docs(unittest.TestCase):
    def test_links(self):
        there = {Path("docs/a.md"), Path("LICENSE")}
        self.assertEqual(docs.broken_links(Path("README.md"), README, there.__contains__), [])
        self.assertEqual(docs.broken_links(Path("docs/b.md"), "[x](../LICENSE) [y](a.md)", there.__contains__), [])
        self.assertEqual(docs.broken_links(Path("docs/b.md"), "[x](gone.md)", there.__contains__),
                         ["docs/b.md: the link to gone.md leads nowhere"])

    def test_variables_agree(self):
        self.assertEqual(docs.variable_complaints(README, [SOURCE]), [])

    def test_a_variable_without_a_row(self):
        self.assertEqual(docs.variable_complaints(README, [SOURCE, 'environmentSeconds("THREE", 1)']),
                         ["README.md: INCCL_THREE is read by the library and not in the table"])

    def test_a_row_without_a_variable(self):
        self.assertEqual(docs.variable_complaints(README, [SOURCE.split("\n")[0]]),
                         ["README.md: INCCL_TWO is in the table and read by nobody"])

    def test_no_table(self):
        self.assertNotEqual(docs.variable_complaints("# X\n", []), [])

    def test_programs(self):
        self.assertEqual(docs.programs(README), ["int main(void) { return 0; }\n"])

    def test_labels(self):
        contributing = "| `unit` | fast |\n| `big`, `slow` | not |\n"
        good = {Path("tests/a/CMakeLists.txt"): 'inccl_test(x SOURCES a.cc LABELS unit slow DEPENDS inccl::base)\nset(LABELS "unit;slow")'}
        bad = {Path("tests/a/CMakeLists.txt"): "inccl_test(x SOURCES a.cc LABELS unit weird)"}
        self.assertEqual(docs.label_complaints(contributing, good), [])
        self.assertEqual(docs.label_complaints(contributing, bad), [
            "tests/a/CMakeLists.txt: label 'weird' is not explained in CONTRIBUTING.md"])
        self.assertNotEqual(docs.label_complaints("", {}), [])


if __name__ == "__main__":
    unittest.main()
