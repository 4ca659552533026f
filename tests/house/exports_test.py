"""exports.py sees what it is there for, on small made-up headers and tool outputs."""
import unittest

import exports

HEADER = """
/* incclInComment(void); */
#define INCCL_CALL(x) incclMacro(x)
#if defined(__GNUC__)
#define INCCL_EXPORT __attribute__((visibility("default")))
#endif
extern "C" {
typedef enum { incclSum = 0 } incclRedOp_t;
typedef int (*incclHook_t)(int);
INCCL_EXPORT int incclGetVersion(int* version);
INCCL_EXPORT const char* incclGetErrorString(
    int result);
}
"""
NEEDED = " 0x0001 (NEEDED)             Shared library: [{}]\n"
GOOD_NEEDED = NEEDED.format("libc.so.6") + NEEDED.format("libstdc++.so.6") + NEEDED.format("libhwloc.so.15")
GOOD_SYMBOLS = ("0000000000000000 A INCCL_0.1\n0000000000001000 T incclGetVersion@@INCCL_0.1\n"
                "0000000000001010 T incclGetErrorString@@INCCL_0.1\n")


class Exports(unittest.TestCase):
    def check(self, header=HEADER, needed=GOOD_NEEDED, symbols=GOOD_SYMBOLS):
        return exports.complaints(header, needed, symbols)

    def test_agreement_is_silent(self):
        self.assertEqual(self.check(), [])

    def test_finds_declarations_over_lines_and_not_those_in_comments_macros_or_typedefs(self):
        self.assertEqual(exports.declared_functions(HEADER),
                         [("incclGetVersion", True), ("incclGetErrorString", True)])

    def test_a_missing_symbol(self):
        symbols = GOOD_SYMBOLS.replace("incclGetVersion", "incclOther")
        self.assertEqual(self.check(symbols=symbols), [
            "incclGetVersion is declared in the header and not exported",
            "incclOther is exported and not declared in the header"])

    def test_a_leaked_cpp_symbol_of_any_kind(self):
        for kind in "TWVuBDR":
            symbols = GOOD_SYMBOLS + f"0000000000002000 {kind} _ZN5inccl4leakEv\n"
            self.assertEqual(self.check(symbols=symbols),
                             ["_ZN5inccl4leakEv is exported and not declared in the header"])

    def test_a_declaration_without_the_mark(self):
        header = HEADER.replace("INCCL_EXPORT int", "int")
        self.assertEqual(self.check(header=header), ["incclGetVersion is declared without INCCL_EXPORT"])

    def test_a_library_that_must_not_be_needed(self):
        for name in ("libibverbs.so.1", "libcudart.so.12", "libmpi.so.40", "libcc.so", "libsodiumx.so.1"):
            self.assertEqual(self.check(needed=GOOD_NEEDED + NEEDED.format(name)),
                             [f"the library needs {name} at run time"])

    def test_empty_input_is_not_taken_for_agreement(self):
        self.assertNotEqual(self.check(header="", symbols=""), [])
        self.assertNotEqual(self.check(needed=""), [])


if __name__ == "__main__":
    unittest.main()
