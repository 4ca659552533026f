// See die.h.
#include "die.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace inccl::peers {

void die(const std::string& sentence) {
  std::fprintf(stderr, "peer process %d: %s\n", static_cast<int>(getpid()), sentence.c_str());
  std::fflush(stderr);
  _exit(1);
}

void dieOfErrno(const std::string& sentence) { die(sentence + ": " + std::strerror(errno)); }

}  // namespace inccl::peers
