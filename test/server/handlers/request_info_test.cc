#include "server/handlers/request_info.h"

#include <catch2/catch.hpp>

using namespace skiff::server;

namespace {

Request request_for(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

}  // namespace

TEST_CASE("resource paths are taken apart") {
  struct Row {
    const char* method;
    const char* path;
    const char* verb;
    const char* group;
    const char* version;
    const char* namespace_;
    const char* resource;
    const char* name;
    const char* subresource;
  };
  const Row rows[] = {
      {"GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""},
      {"GET", "/api/v1/pods/", "list", "", "v1", "", "pods", "", ""},
      {"GET", "/api/v1/namespaces/a/pods", "list", "", "v1", "a", "pods", "", ""},
      {"GET", "/api/v1/namespaces/a/pods/x", "get", "", "v1", "a", "pods", "x", ""},
      {"GET", "/api/v1/namespaces/a/pods/x/log", "get", "", "v1", "a", "pods", "x", "log"},
      {"POST", "/api/v1/namespaces/a/pods/x/binding", "create", "", "v1", "a", "pods", "x", "binding"},
      {"POST", "/apis/apps/v1/namespaces/a/deployments", "create", "apps", "v1", "a", "deployments", "", ""},
      {"PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale", "update", "apps", "v1", "a", "deployments", "d",
       "scale"},
      {"PATCH", "/api/v1/nodes/n/status", "patch", "", "v1", "", "nodes", "n", "status"},
      {"DELETE", "/api/v1/nodes/n", "delete", "", "v1", "", "nodes", "n", ""},
      {"DELETE", "/api/v1/nodes", "deletecollection", "", "v1", "", "nodes", "", ""},
      {"GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""},
      {"GET", "/api/v1/namespaces/a", "get", "", "v1", "a", "namespaces", "a", ""},
      {"PUT", "/api/v1/namespaces/a/finalize", "update", "", "v1", "a", "namespaces", "a", "finalize"},
      {"PUT", "/api/v1/namespaces/a/status", "update", "", "v1", "a", "namespaces", "a", "status"},
      {"GET", "/api/v1/watch/pods", "watch", "", "v1", "", "pods", "", ""},
      {"GET", "/api/v1/watch/namespaces/a/pods/x", "watch", "", "v1", "a", "pods", "x", ""},
      {"GET", "/api/v1/watch/namespaces/a", "watch", "", "v1", "a", "namespaces", "a", ""},
      {"GET", "/apis/apps/v1/watch/namespaces/a/deployments", "watch", "apps", "v1", "a", "deployments", "", ""},
      {"DELETE", "/api/v1/watch/namespaces/a/pods/x", "delete", "", "v1", "a", "pods", "x", ""},
      {"HEAD", "/api/v1/pods", "head", "", "v1", "", "pods", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    const RequestInfo info = request_info_of(request_for(row.method, row.path));
    CHECK(info.is_resource);
    CHECK(info.verb == row.verb);
    CHECK(info.group == row.group);
    CHECK(info.version == row.version);
    CHECK(info.namespace_ == row.namespace_);
    CHECK(info.resource == row.resource);
    CHECK(info.name == row.name);
    CHECK(info.subresource == row.subresource);
    CHECK_FALSE(info.has_rest);
  }
}

TEST_CASE("paths outside of resources") {
  const char* path = GENERATE("/", "", "/api", "/api/", "/api/v1", "/api/v1/", "/apis", "/apis/apps", "/apis/apps/v1",
                              "/version", "/livez/ping", "/apiserver/v1/pods", "//");
  INFO(path);
  const RequestInfo info = request_info_of(request_for("GET", path));
  CHECK_FALSE(info.is_resource);
  CHECK(info.verb == "get");
}

TEST_CASE("what lies deeper than a subresource is remembered") {
  CHECK(request_info_of(request_for("GET", "/api/v1/namespaces/a/services/s/proxy/x")).has_rest);
}

TEST_CASE("a watch parameter makes a list a watch, unless it says no") {
  struct Row {
    const char* path;
    const char* value;
    const char* verb;
  };
  const Row rows[] = {
      {"/api/v1/pods", "1", "watch"},   {"/api/v1/pods", "true", "watch"},  {"/api/v1/pods", "", "watch"},
      {"/api/v1/pods", "0", "list"},    {"/api/v1/pods", "false", "list"},  {"/api/v1/pods", "False", "list"},
      {"/api/v1/pods", "yes", "watch"}, {"/api/v1/nodes/n", "true", "get"},
  };
  for (const Row& row : rows) {
    INFO(row.path << "?watch=" << row.value);
    Request request = request_for("GET", row.path);
    request.query.emplace_back("watch", row.value);
    CHECK(request_info_of(request).verb == row.verb);
  }
}
