#pragma once

#include "server/http/http.h"

#include <string>

namespace skiff::server {

// What a request is about, read from its method and path alone (upstream: endpoints/request.RequestInfo). Authorization
// and routing both decide upon it, so that they cannot disagree.
//
//   /api/v1/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE]]      the core group
//   /apis/GROUP/VERSION/RESOURCE[/NAME[/SUBRESOURCE]]               all others
//   /api/v1/namespaces/NAME[/status|/finalize]                      the Namespace itself
//   /api/v1/watch/...                                               the deprecated way to ask for a watch of the rest
struct RequestInfo {
  // False for discovery, health, /version and whatever else lies outside of the resource paths.
  bool is_resource = false;
  // "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"; the method in lower case for
  // what is not a resource or not a method of resources.
  std::string verb;
  std::string path;

  std::string group;  // "" for core
  std::string version;
  std::string namespace_;
  std::string resource;  // plural
  std::string name;
  std::string subresource;
  // The path asked for a watch, so the name, if any, is of an object to be watched.
  bool is_watch_path = false;
  // Segments behind the subresource, as in "services/x/proxy/some/path"; nothing of ours takes any.
  bool has_rest = false;
};

[[nodiscard]] RequestInfo request_info_of(const Request& request);

}  // namespace skiff::server
