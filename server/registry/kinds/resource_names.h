#pragma once

#include "api/field_error.h"

#include <string>
#include <string_view>

// The names of resources (cpu, hugepages-2Mi, example.com/gpu) and what amounts of them there may be. Plain functions
// of values.
namespace skiff::server {

inline constexpr std::string_view kHugePages = "hugepages-";

// Kubernetes' own: without a domain, or below kubernetes.io.
[[nodiscard]] bool is_native_resource(std::string_view name);
[[nodiscard]] bool is_huge_page_resource(std::string_view name);
// Somebody else's, below a domain.
[[nodiscard]] bool is_extended_resource(std::string_view name);
// Known without a domain: in containers, and anywhere (quotas count pods).
[[nodiscard]] bool is_container_resource(std::string_view name);
[[nodiscard]] bool is_standard_resource(std::string_view name);

// That an amount is not negative, and whole where there are no parts. `text` is a quantity.
void validate_resource_amount(const std::string& name, const std::string& text, const std::string& path,
                              api::FieldErrors& errors);

}  // namespace skiff::server
