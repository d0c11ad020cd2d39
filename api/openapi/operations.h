#pragma once

#include "api/openapi/openapi.h"
#include "api/schema/schema.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::openapi {

// What a request or response carries.
struct Payload {
  enum class Shape { kNothing, kType, kList, kPatch, kText };
  Shape shape = Shape::kNothing;
  const schema::Struct* type = nullptr;  // of kType; the item's of kList
};

// One method of one path, in terms that both versions of OpenAPI are written from.
struct Operation {
  std::string path;    // "/api/v1/namespaces/{namespace}/pods/{name}"
  std::string method;  // "get"
  std::string action;  // what it is in the API: "list", "deletecollection", ...
  std::string id;      // "readCoreV1NamespacedPod"
  std::string description;
  std::string tag;                          // "core_v1"
  std::string group_version_path;           // "api/v1", "apis/apps/v1"
  std::string group, version, kind;         // of what is sent
  std::span<const std::string_view> query;  // names of query parameters, see parameters.h
  Payload body;
  bool body_required = true;
  Payload response;
  std::span<const std::string_view> response_codes;  // those that carry `response`
};

// "api/v1" or "apis/apps/v1".
[[nodiscard]] std::string group_version_path(std::string_view group, std::string_view version);

// All operations of the resources, ordered by resource and path. Those whose kind has no schema are left out.
[[nodiscard]] std::vector<Operation> operations_of(const schema::Catalog& catalog,
                                                   std::span<const ServedResource> resources);

}  // namespace skiff::api::openapi
