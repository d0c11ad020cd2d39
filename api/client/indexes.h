#pragma once

#include "api/base/json.h"

#include <string>
#include <vector>

// The indexes that several controllers share, by name and function: informer.add_index(kByController, by_controller).
namespace skiff::api {

// By metadata.uid of the controlling owner; objects without one by orphan_value() of their namespace.
inline constexpr const char* kByController = "controller";
[[nodiscard]] std::vector<std::string> by_controller(const Json& object);
[[nodiscard]] std::string orphan_value(const std::string& namespace_);

// By each of their labels, as label_value() of it: what equality selectors are looked up with.
inline constexpr const char* kByLabel = "label";
[[nodiscard]] std::vector<std::string> by_label(const Json& object);
[[nodiscard]] std::string label_value(const std::string& namespace_, const std::string& name, const std::string& value);

// Pods by spec.nodeName; pods that are not bound are in no entry.
inline constexpr const char* kByNode = "node";
[[nodiscard]] std::vector<std::string> by_node(const Json& pod);

}  // namespace skiff::api
