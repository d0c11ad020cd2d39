#pragma once

#include "server/handlers/verbs.h"
#include "server/registry/kind.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// A part of a resource with its own path, as discovery lists it.
struct ApiSubresource {
  std::string name;                  // "status"
  std::string group, version, kind;  // of what is sent
  std::vector<std::string> verbs;
};

// What a verb runs for a resource of which no registry keeps anything.
struct OwnVerb {
  std::string_view verb;
  Verb run;
};

// A resource as one group-version serves it: what discovery lists, OpenAPI describes and requests are routed by.
struct ApiResource {
  std::string group;  // "" for core
  std::string version;
  std::string kind;
  std::string plural;
  std::string singular;
  bool namespaced = true;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::vector<std::string> verbs;
  std::vector<ApiSubresource> subresources;  // by name
  // What requests are about; for "bindings", which is only a way to write to pods, that is the Pod. Null for a resource
  // of which nothing is kept.
  ServedKind served;
  // Instead of the common ones, for resources that exist only as a request and its answer; else empty.
  std::vector<OwnVerb> own_verbs;

  [[nodiscard]] const ApiSubresource* find_subresource(std::string_view name) const;
};

// Everything that the kinds offer, by group in their order, version by preference, and plural.
[[nodiscard]] std::vector<ApiResource> api_resources_of(const KindTable& kinds);

}  // namespace skiff::server
