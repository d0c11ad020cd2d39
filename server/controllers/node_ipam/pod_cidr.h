#pragma once

#include <set>
#include <string>

namespace skiff::controllers {

// The first /24 of the cluster's pod network (IPv4, "10.244.0.0/16") that is not in `taken`; "" when there is none, or
// when the network is none or smaller than that.
[[nodiscard]] std::string next_pod_cidr(const std::string& cluster_cidr, const std::set<std::string>& taken);

}  // namespace skiff::controllers
