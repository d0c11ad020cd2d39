#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "server/registry/kind.h"

#include <string>

// Cells that several tables have.
namespace skiff::server {

[[nodiscard]] TableColumn name_column();
[[nodiscard]] TableColumn age_column();
[[nodiscard]] TableColumn column(std::string name, std::string description);
[[nodiscard]] TableColumn wide_column(std::string name, std::string description);

[[nodiscard]] std::string name_cell(const Json& object);
// "5m", from a time's text; "<unknown>" when there is none.
[[nodiscard]] std::string since(const std::string& time, TimePoint now);
[[nodiscard]] std::string age_cell(const Json& object, TimePoint now);
[[nodiscard]] std::string or_none(std::string text);

// "web,proxy" and "nginx,envoy" of the containers in a pod specification.
[[nodiscard]] std::string container_names(const Json& pod_spec);
[[nodiscard]] std::string container_images(const Json& pod_spec);
// "a=b,c in (d,e)" of the metav1.LabelSelector at the path; "<none>" for one that is absent or empty.
[[nodiscard]] std::string label_selector_cell(const Json& object, std::initializer_list<std::string_view> path);
// Of spec.selector.
[[nodiscard]] std::string selector_cell(const Json& object);
// "a=b,c=d" of a map of labels; "<none>" for none.
[[nodiscard]] std::string labels_cell(const Json* labels);

}  // namespace skiff::server
