#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <map>
#include <span>
#include <string>
#include <vector>

// The OpenAPI documents that a server publishes, made from the schemas and from what it serves. Pure functions of
// values; making all documents takes tens of milliseconds, so the caller makes them at the first request and keeps the
// bytes.
namespace skiff::api::openapi {

// A subresource of a resource, such as "status", "scale" or "eviction".
struct ServedSubresource {
  std::string name;
  // Of what is sent and received; that of the resource when `kind` is empty. A kind without a schema is shown as text.
  std::string group, version, kind;
  std::vector<std::string> verbs;  // "get", "update", "patch", "create", ...
};

// A resource as one group-version serves it.
struct ServedResource {
  std::string group;  // "" for core
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;
  std::vector<std::string> verbs;  // as in discovery: "create", "delete", "deletecollection", "get", "list", ...
  std::vector<ServedSubresource> subresources;
};

// What is sent as the body of a response. The quoted hash is its ETag: equal bytes have equal hashes.
struct Document {
  std::string bytes;
  std::string hash;  // SHA-256 in hexadecimal
};

// The two forms of /openapi/v2.
struct V2Documents {
  Document json;
  // gnostic's openapi.v2.Document, for application/com.github.proto-openapi.spec.v2@v1.0+protobuf (and v2.v1.0), which
  // old kubectl asks for on every create and apply.
  Document protobuf;
};

// /openapi/v3 and what is below it.
struct V3Documents {
  Document index;
  // By the path behind "/openapi/v3/": "api/v1", "apis/apps/v1". The index gives their addresses with "?hash=<hash>".
  std::map<std::string, Document, std::less<>> by_path;
};

// `server_version` is shown as the version of the API ("v1.32.0"). Resources whose kind has no schema are left out.
[[nodiscard]] V2Documents v2_documents(const schema::Catalog& catalog, std::span<const ServedResource> resources,
                                       const std::string& server_version);
[[nodiscard]] V3Documents v3_documents(const schema::Catalog& catalog, std::span<const ServedResource> resources,
                                       const std::string& server_version);

}  // namespace skiff::api::openapi
