#include "server/handlers/request_info.h"

#include "api/base/text.h"
#include "server/handlers/parameters.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace skiff::server {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!segment.empty()) segments.push_back(segment);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

// Parts of the Namespace object itself; anything else behind a namespace's name is a resource inside of it.
bool is_namespace_subresource(std::string_view segment) { return segment == "status" || segment == "finalize"; }

std::string verb_of(const Request& request, const RequestInfo& info) {
  const bool one = !info.name.empty();
  if (request.method == "GET") {
    if (info.is_watch_path) return "watch";
    if (one) return "get";
    return is_true(request.query_value("watch")) ? "watch" : "list";
  }
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return one ? "delete" : "deletecollection";
  return lower_case(request.method);
}

}  // namespace

RequestInfo request_info_of(const Request& request) {
  RequestInfo info;
  info.path = request.path;
  info.verb = lower_case(request.method);

  const std::vector<std::string_view> segments = segments_of(request.path);
  std::size_t next = 0;
  if (segments.size() > 2 && segments[0] == "api") {
    next = 1;
  } else if (segments.size() > 3 && segments[0] == "apis") {
    info.group = segments[1];
    next = 2;
  } else {
    return info;
  }
  info.is_resource = true;
  info.version = segments[next++];

  info.is_watch_path = segments[next] == "watch" && segments.size() - next > 1;
  if (info.is_watch_path) ++next;
  const std::size_t left = segments.size() - next;
  if (segments[next] == "namespaces" && left > 2 && !is_namespace_subresource(segments[next + 2])) {
    info.namespace_ = segments[next + 1];
    next += 2;
  } else if (segments[next] == "namespaces" && left > 1) {
    // Upstream attributes a request about a Namespace to that namespace.
    info.namespace_ = segments[next + 1];
  }
  info.resource = segments[next++];
  if (next < segments.size()) info.name = segments[next++];
  if (next < segments.size()) info.subresource = segments[next++];
  info.has_rest = next < segments.size();
  info.verb = verb_of(request, info);
  return info;
}

}  // namespace skiff::server
