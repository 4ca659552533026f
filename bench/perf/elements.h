// Element types and reduction operations, under nccl-tests' names and, where nccl-tests has none,
// the library's; and which pairs of them the header defines.
//
// The pairs are the header's contract, known before a rank exists: what is asked for by name and
// not defined is a wrong command line, and a sweep leaves it out. A test holds the table to the
// library's own.
#pragma once

#include <inccl/inccl.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace inccl::perf {

enum class Kind { kInteger, kFloat, kBool, kComplex };

struct ElementType {
  incclDataType_t id;
  const char* name;
  size_t bytes;
  Kind kind = Kind::kInteger;
};

// A pre-multiplied sum has no value of its own: it is made for a communicator and a type
// (case_operation.h). In tables and cases this stands for it.
inline constexpr incclRedOp_t kMulSum = incclNumOps;

struct ReductionOp {
  incclRedOp_t id;
  const char* name;
};

// In the order in which `-d all` and `-o all` go through them: nccl-tests', then ours.
std::span<const ElementType> elementTypes();
std::span<const ReductionOp> reductionOps();

// nullptr: no such name. "premulsum" is another name of mulsum.
const ElementType* findElementType(std::string_view name);
const ReductionOp* findReductionOp(std::string_view name);

// Why the header does not define the pair; "" if it does.
std::string_view whyUndefined(Kind kind, incclRedOp_t op);

}  // namespace inccl::perf
