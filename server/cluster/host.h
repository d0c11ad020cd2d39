#pragma once

#include <string>

namespace skiff::server {

// The address by which other machines would reach this one: the first IPv4 address of an interface that is up, neither
// loopback nor `bridge` (our own); 127.0.0.1 when there is none.
[[nodiscard]] std::string host_address(const std::string& bridge);

}  // namespace skiff::server
