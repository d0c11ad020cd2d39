#include "server/registry/tables/cells.h"

#include "api/selector.h"
#include "api/views/meta.h"

namespace skiff::server {

namespace {

std::string join_members(const Json& pod_spec, const char* name) {
  std::string text;
  for (const Json& container : pod_spec.value("containers", Json::array())) {
    if (!text.empty()) text += ',';
    text += string_at(container, {name});
  }
  return text;
}

}  // namespace

TableColumn name_column() {
  TableColumn column;
  column.name = "Name";
  column.format = "name";
  column.description = "Name, unique among the objects of this kind in the namespace.";
  return column;
}

TableColumn age_column() { return column("Age", "Time since the object was created."); }

TableColumn column(std::string name, std::string description) {
  TableColumn column;
  column.name = std::move(name);
  column.description = std::move(description);
  return column;
}

TableColumn wide_column(std::string name, std::string description) {
  TableColumn wide = column(std::move(name), std::move(description));
  wide.priority = 1;
  return wide;
}

std::string name_cell(const Json& object) { return api::name_of(object); }

std::string since(const std::string& time, TimePoint now) {
  const auto begin = parse_time(time);
  if (!begin) return "<unknown>";
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *begin));
}

std::string age_cell(const Json& object, TimePoint now) {
  return since(string_at(object, {"metadata", "creationTimestamp"}), now);
}

std::string or_none(std::string text) { return text.empty() ? "<none>" : text; }

std::string container_names(const Json& pod_spec) { return join_members(pod_spec, "name"); }
std::string container_images(const Json& pod_spec) { return join_members(pod_spec, "image"); }

std::string selector_cell(const Json& object) { return label_selector_cell(object, {"spec", "selector"}); }

std::string label_selector_cell(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* selector = find(object, path);
  if (selector == nullptr) return "<none>";
  const auto parsed = api::LabelSelector::from_object(*selector);
  return or_none(parsed ? parsed->to_string() : "<error>");
}

std::string labels_cell(const Json* labels) {
  std::string text;
  if (labels == nullptr) return or_none(text);
  for (const auto& [name, value] : labels->items()) {
    text += (text.empty() ? "" : ",") + name + "=" + value.get<std::string>();
  }
  return or_none(std::move(text));
}

}  // namespace skiff::server
