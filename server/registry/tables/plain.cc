#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

// The kinds whose rows are a cell or two beside name and age.
namespace skiff::server {

namespace {

std::int64_t entries(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? 0 : static_cast<std::int64_t>(found->size());
}

}  // namespace

TableSpec namespace_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), string_at(object, {"status", "phase"}), age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Status", "Active or Terminating."), age_column()}, row};
}

TableSpec config_map_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), entries(object, "data") + entries(object, "binaryData"),
                             age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Data", "Number of keys."), age_column()}, row};
}

TableSpec secret_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), string_at(object, {"type"}), entries(object, "data"),
                             age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Type", "What the data is, for programs."), column("Data", "Number of keys."),
                    age_column()},
                   row};
}

TableSpec service_account_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), entries(object, "secrets"), age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Secrets", "Number of secrets."), age_column()}, row};
}

TableSpec priority_class_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), integer_at(object, {"value"}), bool_at(object, {"globalDefault"}),
                             age_cell(object, now), string_at(object, {"preemptionPolicy"})};
  };
  TableColumn value = column("Value", "The priority of the class's pods.");
  value.type = "integer";
  TableColumn global_default = column("Global-Default", "Whether pods that name no class are of this one.");
  global_default.type = "boolean";
  return TableSpec{{name_column(), std::move(value), std::move(global_default), age_column(),
                    column("PreemptionPolicy", "Whether the class's pods may push out others.")},
                   row};
}

TableSpec lease_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), string_at(object, {"spec", "holderIdentity"}), age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Holder", "Identity of the holder."), age_column()}, row};
}

}  // namespace skiff::server
