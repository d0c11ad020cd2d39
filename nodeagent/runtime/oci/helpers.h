#pragma once

#include <string_view>

// The freestanding programs of helpers/, built with the agent and carried inside it.
namespace skiff::nodeagent::oci {

[[nodiscard]] std::string_view pause_program();
[[nodiscard]] std::string_view legacy_view_program();
[[nodiscard]] std::string_view shim_program();

}  // namespace skiff::nodeagent::oci
