"""The demo's table: rows by size, a column a run, and a status that tells wrong elements."""
import io
import json
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import demo_table  # noqa: E402


def results(times, wrong=0):
    return {"results": [{"size": size, "out_of_place": {"time": time, "nwrong": wrong},
                         "in_place": {"time": time, "nwrong": 0}} for size, time in times.items()]}


class DemoTable(unittest.TestCase):
    def run_on(self, **runs):
        with tempfile.TemporaryDirectory() as folder:
            arguments = []
            for name, content in runs.items():
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(content))
                arguments.append(f"{name}={path}")
            out, problems = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(problems):
                status = demo_table.main(arguments)
            return status, out.getvalue()

    def test_a_row_for_each_size(self):
        status, text = self.run_on(ring=results({1024: 10.25, 3: 1, 1 << 21: 500}), ina=results({1024: 7, 3: 2, 1 << 21: 300}))
        self.assertEqual(status, 0)
        self.assertRegex(text, r"1 KiB +10\.2 us +7\.0 us")
        self.assertRegex(text, r"3 B +1\.0 us")
        self.assertRegex(text, r"2 MiB +500\.0 us +300\.0 us")
        self.assertIn("wrong elements: 0", text)

    def test_wrong_elements_and_other_sizes_fail(self):
        self.assertEqual(self.run_on(ring=results({8: 1}, wrong=3))[0], 1)
        self.assertEqual(self.run_on(ring=results({8: 1}), ina=results({16: 1}))[0], 1)
        self.assertEqual(self.run_on()[0], 2)


if __name__ == "__main__":
    unittest.main()
