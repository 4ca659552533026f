"""floors.py refuses each kind of broken tree, made small here, and leaves good ones alone."""
import unittest
from pathlib import Path

import floors


def tree(**files):
    """{path: text} from src__os__a_h="…": '__' stands for '/', the last '_' for the dot."""
    made = {}
    for name, text in files.items():
        stem, suffix = name.rsplit("_", 1)
        made[Path(f"{stem.replace('__', '/')}.{suffix}")] = text
    return made


def including(what):
    return f'#include "{what}"\n'


class Includes(unittest.TestCase):
    def refused(self, expected, **files):
        found = floors.check_includes(tree(**files))
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def accepted(self, **files):
        self.assertEqual(floors.check_includes(tree(**files)), [])

    def test_downward_is_fine(self):
        self.accepted(src__os__a_cc=including("base/b.h"), src__base__b_h="")

    def test_upward(self):
        self.refused("src/base/b.h:1: upward: src/os (floor 2) lies above src/base (floor 0)",
                     src__base__b_h=including("os/a.h"), src__os__a_h="")

    def test_sideways(self):
        self.refused("sideways", src__verify__v_h=including("algo/a.h"), src__algo__a_h="")
        self.refused("sideways", src__bootstrap__s_cc=including("transport/t.h"), src__transport__t_h="")

    def test_sibling_transports(self):
        self.refused("does not see the sibling src/transport/tcp",
                     src__transport__shm__a_cc=including("transport/tcp/b.h"), src__transport__tcp__b_h="")
        self.accepted(src__transport__shm__a_cc=including("transport/t.h") + including("a.h"),
                      src__transport__shm__a_h="", src__transport__t_h="")

    def test_the_shared_part_of_transports_does_not_know_them(self):
        self.refused("does not see the sibling src/transport/tcp",
                     src__transport__t_h=including("transport/tcp/b.h"), src__transport__tcp__b_h="")

    def test_ports_are_siblings_too(self):
        self.refused("sibling", src__ports__udp__a_h=including("ports/dpdk/b.h"), src__ports__dpdk__b_h="")

    def test_the_switch_shares_little(self):
        self.refused("switch sees only", switch__a_cc=including("bootstrap/b.h"), src__bootstrap__b_h="")
        self.refused("switch sees only", switch__a_cc=including("topo/b.h"), src__topo__b_h="")
        self.accepted(switch__a_cc=including("wire/b.h"), src__wire__b_h="")

    def test_those_outside_see_the_public_header_only(self):
        for folder in ("bench", "examples", "torch"):
            self.refused(f"{folder} sees only the public header",
                         **{f"{folder}__a_cc": including("base/b.h"), "src__base__b_h": ""})
            self.accepted(**{f"{folder}__a_cc": "#include <inccl/inccl.h>\n", "include__inccl__inccl_h": ""})
        self.accepted(bench__micro__a_cc=including("base/b.h"), src__base__b_h="")
        self.accepted(tools__topo__a_cc=including("base/b.h"), src__base__b_h="")

    def test_the_public_header_stops_at_the_entry_points(self):
        self.refused("the public header is not for src/comm",
                     src__comm__a_cc="#include <inccl/inccl.h>\n", include__inccl__inccl_h="")
        self.refused("include/inccl has no floor", include__inccl__inccl_h=including("base/b.h"), src__base__b_h="")

    def test_tests_mirror_the_tree(self):
        self.accepted(tests__exec__a_cc=including("transport/t.h") + including("support/s.h"),
                      src__transport__t_h="", tests__support__s_h="")
        self.refused("upward: a test of src/os does not need src/comm",
                     tests__os__a_cc=including("comm/c.h"), src__comm__c_h="")
        self.refused("tests/support sees only", tests__support__s_cc=including("exec/e.h"), src__exec__e_h="")
        self.accepted(tests__exec__a_cc=including("verify/helper_v.h"), tests__verify__helper_v_h="")
        self.refused("tests/os does not see tests/exec",
                     tests__os__a_cc=including("exec/e.h"), tests__exec__e_h="")

    def test_the_library_does_not_see_tests(self):
        self.refused("src/os does not see tests", src__os__a_cc=including("support/s.h"), tests__support__s_h="")

    def test_vendor_headers_stay_in_their_folder(self):
        for header, folder in (("infiniband/verbs.h", "src/transport/tcp"), ("rte_mbuf.h", "src/ports/udp"),
                               ("cuda_runtime.h", "src/exec"), ("torch/extension.h", "src/api"),
                               ("mpi.h", "bench"), ("gtest/gtest.h", "src/base"), ("sodium.h", "src/os")):
            path = Path(folder) / "a.cc"
            found = floors.check_includes({path: f"#include <{header}>\n"})
            self.assertEqual(len(found), 1, found)
            self.assertIn(f"<{header}> belongs into", found[0])
        self.accepted(src__transport__rdma__a_cc="#include <infiniband/verbs.h>\n",
                      src__cuda__a_cc="#include <cuda_runtime_api.h>\n", src__base__b_cc="#include <vector>\n")

    def test_a_vendor_header_does_not_leak_through_ours(self):
        self.refused("src/cuda/a.h: speaks of <cuda.h> and is included by src/exec/e.cc",
                     src__cuda__a_h="#include <cuda.h>\n", src__exec__e_cc=including("cuda/a.h"))

    def test_an_unknown_name_or_folder(self):
        self.refused("is no file of this project", src__os__a_cc=including("os/gone.h"))
        self.refused("src/misc has no floor", src__misc__a_cc="")

    def test_comments_and_strings_are_no_includes(self):
        self.accepted(src__base__b_h='// #include "os/a.h"\n/*\n#include "os/a.h"\n*/\n', src__os__a_h="")

    def test_odd_spelling_is_seen(self):
        self.refused("upward", src__base__b_h='  #  include\t"os/a.h"\n', src__os__a_h="")
        self.refused("upward", src__base__b_h="#include <os/a.h>\n", src__os__a_h="")


def cmake(**texts):
    return {Path(folder.replace("__", "/")) / "CMakeLists.txt": text for folder, text in texts.items()}


BASE = "inccl_module(base SOURCES a.cc)"
OS = "inccl_module(os SOURCES a.cc DEPENDS inccl::base)"


class Links(unittest.TestCase):
    def test_downward_is_fine(self):
        self.assertEqual(floors.check_links(cmake(src__base=BASE, src__os=OS)), [])

    def test_upward(self):
        found = floors.check_links(cmake(src__base=BASE + "\n", src__os=OS, src__exec=(
            "inccl_module(exec SOURCES e.cc\n  DEPENDS inccl::base inccl::comm)"),
            src__comm="inccl_module(comm SOURCES c.cc)"))
        self.assertEqual(len(found), 1, found)
        self.assertIn("exec links to comm: upward", found[0])

    def test_a_later_link_line_counts_too(self):
        found = floors.check_links(cmake(
            src__base=BASE + "\ntarget_link_libraries(inccl_base PRIVATE inccl::os)", src__os=OS))
        self.assertEqual(len(found), 1, found)

    def test_sibling_transports(self):
        found = floors.check_links(cmake(
            src__transport__shm="inccl_module(transport_shm SOURCES a.cc DEPENDS inccl::transport_tcp)",
            src__transport__tcp="inccl_module(transport_tcp SOURCES a.cc)"))
        self.assertEqual(len(found), 1, found)
        self.assertIn("sibling", found[0])

    def test_a_test_may_not_reach_up(self):
        found = floors.check_links(cmake(
            src__comm="inccl_module(comm SOURCES c.cc)",
            tests__os="inccl_test(os_a_test SOURCES a.cc DEPENDS inccl::comm)"))
        self.assertEqual(len(found), 1, found)

    def test_a_name_that_is_no_module(self):
        found = floors.check_links(cmake(src__os=OS))
        self.assertEqual(found, ["src/os/CMakeLists.txt:1: inccl::base is no module"])

    def test_comments_do_not_count(self):
        self.assertEqual(floors.check_links(cmake(src__base="# inccl_module(x DEPENDS inccl::y)\n" + BASE)), [])

    def test_an_include_without_a_link_line(self):
        files = cmake(src__base=BASE, src__reduce="inccl_module(reduce SOURCES a.cc DEPENDS inccl::base)",
                      src__exec="inccl_module(exec SOURCES e.cc DEPENDS inccl::base)")
        sources = tree(src__exec__sub__e_cc=including("reduce/r.h"), src__reduce__r_h="")
        self.assertEqual(floors.check_links_cover_includes(sources, files), [
            "src/exec/CMakeLists.txt: exec includes src/reduce/ and does not DEPEND on inccl::reduce"])
        files.update(cmake(src__exec="inccl_module(exec SOURCES e.cc DEPENDS inccl::reduce)"))
        self.assertEqual(floors.check_links_cover_includes(sources, files), [])


if __name__ == "__main__":
    unittest.main()
