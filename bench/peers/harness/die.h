// The end of an adapter program: one sentence on stderr, exit status 1.
//
// An adapter has nobody to hand an error to but the process that started it, which keeps its stderr
// and shows the last lines. So the harness does not carry error values through its layers: whoever
// finds the cause says it and leaves. `_exit`, because a library's own exit handlers may wait for
// ranks that are already gone.
#pragma once

#include <string>

namespace inccl::peers {

[[noreturn]] void die(const std::string& sentence);
// The same, followed by the text of errno.
[[noreturn]] void dieOfErrno(const std::string& sentence);

}  // namespace inccl::peers
