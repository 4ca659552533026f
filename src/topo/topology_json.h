// A topology as the text of a file (docs/topology.md has the whole form), one line per node and
// link:
//   {"name": "pair", "source": "nominal",
//    "nodes": [{"id": "a", "kind": "rank", "rank": 0}, {"id": "b", "kind": "rank", "rank": 1}],
//    "links": [{"src": "a", "dst": "b", "GBps": "25/3", "alphaUs": 0.7}]}
//
// The reader is strict, because a misspelt key would silently be a slower machine: unknown and
// doubled keys, dangling ids, rates that are not above 0, and all that validate() refuses are
// errors that name the place ("links[3].GBps"), and load() the file. Numbers are taken as the
// decimals that were written (up to 15 digits; longer ones, and fractions, are texts), so reading,
// writing and reading again changes nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

// fromJson(toJson(t)) == t for every valid topology whose texts are UTF-8.
std::string toJson(const Topology& topology);
Result<Topology> fromJson(std::string_view text);

// The topology in a file; failures start with its path.
Result<Topology> load(const std::string& path);

// `text` between quotes, as JSON writes it; for those who write JSON themselves.
std::string jsonText(std::string_view text);

}  // namespace inccl::topo
