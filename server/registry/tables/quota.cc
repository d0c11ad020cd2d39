#include "api/quantity.h"
#include "api/views/pod_resources.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

// "pods: 2/10, requests.cpu: 1/4": what is used of what is enforced.
void append_use(std::string& cell, const std::string& name, const api::Quantity& used, const api::Quantity& hard) {
  if (!cell.empty()) cell += ", ";
  cell += name + ": " + used.to_string() + "/" + hard.to_string();
}

std::vector<Json> resource_quota_row(const Json& object, TimePoint now) {
  const api::ResourceAmounts hard = api::resource_amounts(find(object, {"status", "hard"}));
  const api::ResourceAmounts used = api::resource_amounts(find(object, {"status", "used"}));
  std::string requests;
  std::string limits;
  for (const auto& [name, amount] : hard) {
    const auto own = used.find(name);
    append_use(name.starts_with("limits.") ? limits : requests, name, own == used.end() ? api::Quantity() : own->second,
               amount);
  }
  return {name_cell(object), requests, limits, age_cell(object, now)};
}

}  // namespace

TableSpec resource_quota_table() {
  return TableSpec{{name_column(), column("Request", "What is used and allowed of requests and numbers of objects."),
                    column("Limit", "What is used and allowed of limits."), age_column()},
                   resource_quota_row};
}

// Upstream has no table of its own for LimitRanges: its default one shows when an object was made.
TableSpec limit_range_table() {
  auto row = [](const Json& object, TimePoint) {
    return std::vector<Json>{name_cell(object), string_at(object, {"metadata", "creationTimestamp"})};
  };
  TableColumn created = column("Created At", "When the object was created.");
  created.type = "date";
  return TableSpec{{name_column(), std::move(created)}, row};
}

}  // namespace skiff::server
