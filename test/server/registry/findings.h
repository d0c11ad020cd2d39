#pragma once

#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

#include <initializer_list>
#include <string>

namespace skiff::test {

// A merge patch on a valid object, and what the server says: the message behind "is invalid: ", "" when it takes it.
struct FindingRow {
  const char* name;
  const char* patch;
  const char* expected;
};

template <class T>
[[nodiscard]] std::string findings(const api::Result<T>& result) {
  if (result) return "";
  const std::string& message = result.error().message;
  const std::string marker = " is invalid: ";
  const std::size_t found = message.find(marker);
  return found == std::string::npos ? message : message.substr(found + marker.size());
}

inline void check_creations(Cluster& cluster, const api::ResourceType& resource, const Json& base,
                            std::initializer_list<FindingRow> rows) {
  for (const FindingRow& row : rows) {
    INFO(row.name);
    Json object = base;
    object.merge_patch(Json::parse(row.patch));
    cluster.context.dry_run = true;
    CHECK(findings(cluster.create(resource, object)) == row.expected);
  }
  cluster.context.dry_run = false;
}

// Of the object of that name, which stands.
inline void check_updates(Cluster& cluster, const api::ResourceType& resource, const std::string& name,
                          std::initializer_list<FindingRow> rows) {
  for (const FindingRow& row : rows) {
    INFO(row.name);
    cluster.context.dry_run = true;
    CHECK(findings(cluster.patch(resource, name, api::PatchType::kMerge, Json::parse(row.patch))) == row.expected);
  }
  cluster.context.dry_run = false;
}

// The visible cells of a row, as kubectl prints them, with " | " in between; those of -o wide behind " || ".
[[nodiscard]] inline std::string table_row(const Cluster& cluster, const api::ResourceType& resource,
                                           const Json& object) {
  const server::TableSpec& table = cluster.kind(resource).kind->table;
  const std::vector<Json> cells = table.row(object, cluster.clock.now());
  REQUIRE(cells.size() == table.columns.size());
  std::string text;
  bool wide = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool first_wide = table.columns[i].priority > 0 && !wide;
    wide = wide || first_wide;
    if (i > 0) text += first_wide ? " || " : " | ";
    text += cells[i].is_string() ? cells[i].get<std::string>() : cells[i].dump();
  }
  return text;
}

}  // namespace skiff::test
