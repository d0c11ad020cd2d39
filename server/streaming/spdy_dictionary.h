#pragma once

#include <string>
#include <string_view>

namespace skiff::server {

// What SPDY/3's header blocks are compressed against, 1423 bytes. Thread-safe.
[[nodiscard]] const std::string& spdy_dictionary();

}  // namespace skiff::server
