"""sizes.py finds functions by their braces, and keeps the list of exceptions shrinking."""
import unittest
from pathlib import Path

import sizes

TRICKY = """
#define MACRO(x) \\
  do { x } while (0)
namespace a::b {
extern "C" {
enum class Kind : int { kOne = 1, kTwo };
struct Plain { int a = 0; std::atomic<int> b{0}; int c[2] = {1, 2}; };
const int kTable[] = {
  1, 2, 3,
};
int early(int x);
int one(int x) { return x; }
template <typename T, typename = std::enable_if_t<(sizeof(T) > 1)>>
T two(const T& x)
{
  if (x) { return x; }
  auto f = [&](int y) { return y; };
  struct Local { int z() { return 1; } };
  return f(x);
}
class Holder final : public Base {
 public:
  Holder() : a_{1}, b_(2), c_{three()} {
    start();
  }
  explicit Holder(int x) noexcept(true) : a_(x) {}
  ~Holder() override { stop(); }
  [[nodiscard]] auto get() const -> std::vector<int> {
    return {1, 2};
  }
  bool operator==(const Holder&) const = default;
  int operator()(int x) { return x; }

 private:
  int a_{0};
  std::map<int, int> m_{{1, 2}, {3, 4}};
};
}  // extern "C"
TEST(Suite,
     Name) {
  const char* text = "}{";
  EXPECT_EQ('{', text[1]);  // }
}
const auto kLambda = [](int x) {
  return x;
};
void last() try {
  work();
} catch (...) {
}
}  // namespace
"""


class Functions(unittest.TestCase):
    def test_tricky_code(self):
        found = [(name, lines) for name, _, lines in sizes.cpp_functions(TRICKY)]
        self.assertEqual(found, [
            ("one", 1), ("two", 8), ("Holder", 3), ("Holder", 1), ("~Holder", 1), ("get", 3),
            ("operator()", 1), ("TEST(Suite,Name)", 5), ("(lambda)", 3), ("last", 3), ("catch", 2)])

    def test_first_lines(self):
        self.assertEqual([first for name, first, _ in sizes.cpp_functions(TRICKY) if name in ("one", "two")],
                         [12, 13])

    def test_python_and_shell(self):
        self.assertEqual(sizes.python_functions("def f():\n  pass\n\nclass A:\n  def g(self):\n    return 1\n"),
                         [("f", 1, 2), ("g", 5, 2)])
        self.assertEqual(sizes.shell_functions("a() { b; }\nc() {\n  d\n}\n"), [("c", 2, 3)])


def long_function(lines):
    return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"


class Limits(unittest.TestCase):
    def check(self, text, exceptions=None, path="src/base/a.cc"):
        return sizes.check({Path(path): text}, exceptions or {})

    def test_at_the_limit_and_over_it(self):
        self.assertEqual(self.check(long_function(80)), [])
        self.assertEqual(self.check(long_function(81)), ["src/base/a.cc:f has 81 lines, 80 are the most"])
        self.assertEqual(self.check("//\n" * 600), [])
        self.assertEqual(self.check("//\n" * 601), ["src/base/a.cc has 601 lines, 600 are the most"])

    def test_an_exception_holds_for_its_exact_length(self):
        self.assertEqual(self.check(long_function(90), {"src/base/a.cc:f": 90}), [])
        self.assertEqual(self.check(long_function(91), {"src/base/a.cc:f": 90}),
                         ["src/base/a.cc:f has 91 lines, more than the 90 of its exception"])

    def test_the_list_only_shrinks(self):
        self.assertEqual(self.check(long_function(85), {"src/base/a.cc:f": 90}),
                         ["src/base/a.cc:f has only 85 lines: lower its exception from 90"])
        self.assertEqual(self.check(long_function(10), {"src/base/a.cc:f": 90}),
                         ["src/base/a.cc:f has only 10 lines: take its exception out of the list"])
        self.assertEqual(self.check("", {"src/base/gone.cc": 700}),
                         ["src/base/gone.cc is in the list of exceptions and does not exist"])

    def test_the_list_is_read(self):
        self.assertEqual(sizes.parse_exceptions("# why\nsrc/a.cc 700  # table\n\nsrc/b.cc:TEST(A,B) 90\n"),
                         {"src/a.cc": 700, "src/b.cc:TEST(A,B)": 90})


if __name__ == "__main__":
    unittest.main()
