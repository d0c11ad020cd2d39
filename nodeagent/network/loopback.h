#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <cstdint>
#include <string>

namespace skiff::nodeagent {

// A TCP socket connected to 127.0.0.1 (or else ::1) and `port` as seen from the network namespace that is pinned at
// `namespace_path`; empty: from ours. Blocks, at most some seconds. kUnavailable with the words of Go's net.Dial when
// nobody answers, which is what kubectl's users know.
[[nodiscard]] Result<UniqueFd> connect_to_loopback(const std::string& namespace_path, std::uint16_t port);

}  // namespace skiff::nodeagent
