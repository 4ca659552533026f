// Element types and reduction operations under the names that nccl-tests gives them.
//
// All types of the header are known here, whether or not the library that runs can compute with
// them: what it can do is found by asking it (support.h), so that this tool need not change when
// the library learns a type.
#pragma once

#include <inccl/inccl.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace inccl::perf {

struct ElementType {
  incclDataType_t id;
  const char* name;
  size_t bytes;
};

struct ReductionOp {
  incclRedOp_t id;
  const char* name;
};

// In the order in which `-d all` and `-o all` go through them.
std::span<const ElementType> elementTypes();
std::span<const ReductionOp> reductionOps();

// nullptr: no such name.
const ElementType* findElementType(std::string_view name);
const ReductionOp* findReductionOp(std::string_view name);

}  // namespace inccl::perf
