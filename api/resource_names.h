#pragma once

#include <string_view>

// Upstream's names of what pods ask for and quotas count: "cpu", "requests.cpu", "count/jobs.batch", "nvidia.com/gpu".
// Plain functions of the name (apis/core/helper).
namespace skiff::api {

// What a node's huge pages of one size are called: "hugepages-2Mi".
inline constexpr std::string_view kHugePages = "hugepages-";
[[nodiscard]] bool is_huge_page_resource(std::string_view name);

// Without a domain, or of the domain kubernetes.io.
[[nodiscard]] bool is_native_resource(std::string_view name);
// What somebody else's device plugin offers, in whole numbers.
[[nodiscard]] bool is_extended_resource(std::string_view name);

// What a container can ask for, of the names without a domain.
[[nodiscard]] bool is_standard_container_resource(std::string_view name);
// What a quota can count, of the names without a domain.
[[nodiscard]] bool is_standard_quota_resource(std::string_view name);
// What a LimitRange or a quota can name, of the names without a domain.
[[nodiscard]] bool is_standard_resource(std::string_view name);
// Counted in whole numbers.
[[nodiscard]] bool is_integer_resource(std::string_view name);

// More of these can be promised than there are.
[[nodiscard]] bool allows_overcommit(std::string_view name);

}  // namespace skiff::api
