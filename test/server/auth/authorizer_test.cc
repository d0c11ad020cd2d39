#include "server/auth/authorizer.h"

#include <catch2/catch.hpp>

namespace skiff::server {

TEST_CASE("a refusal is worded as upstream's") {
  struct Row {
    AuthorizationAttributes attributes;
    std::string message;
  };
  AuthorizationAttributes list;
  list.user.name = "x";
  list.verb = "list";
  list.is_resource = true;
  list.resource = "pods";
  list.namespace_ = "default";

  AuthorizationAttributes scale = list;
  scale.verb = "update";
  scale.group = "apps";
  scale.resource = "deployments";
  scale.subresource = "scale";
  scale.name = "web";

  AuthorizationAttributes cluster;
  cluster.user.name = "x";
  cluster.verb = "get";
  cluster.is_resource = true;
  cluster.resource = "nodes";
  cluster.name = "n1";

  AuthorizationAttributes path;
  path.user.name = "x";
  path.verb = "get";
  path.path = "/metrics";

  const std::vector<Row> rows = {
      {list, R"(pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default")"},
      {scale,
       R"(deployments.apps "web" is forbidden: User "x" cannot update resource "deployments/scale" in API group "apps" in the namespace "default")"},
      {cluster,
       R"(nodes "n1" is forbidden: User "x" cannot get resource "nodes" in API group "" at the cluster scope)"},
      {path, R"(forbidden: User "x" cannot get path "/metrics")"}};
  for (const Row& row : rows) {
    CHECK(forbidden_status(row.attributes, "").message == row.message);
    const auto denied = Authorizer(AuthorizationMode::kAlwaysDeny).authorize(row.attributes);
    REQUIRE_FALSE(denied);
    CHECK(denied.error().message == row.message + ": Everything is forbidden.");
    CHECK(denied.error().code() == 403);
    CHECK(Authorizer(AuthorizationMode::kAlwaysAllow).authorize(row.attributes));
  }
}

TEST_CASE("system:masters may do everything, whatever the mode") {
  AuthorizationAttributes attributes;
  attributes.user = api::User{"root", {"system:masters"}, ""};
  attributes.verb = "delete";
  attributes.is_resource = true;
  attributes.resource = "nodes";
  const Authorizer deny(AuthorizationMode::kAlwaysDeny);
  CHECK(deny.authorize(attributes));
  CHECK(deny.allows_everything(attributes.user));
  attributes.user.groups = {"system:authenticated"};
  CHECK_FALSE(deny.authorize(attributes));
  CHECK(deny.decide(attributes).reason == "Everything is forbidden.");
  CHECK_FALSE(deny.allows_everything(attributes.user));
}

TEST_CASE("authorization modes by name") {
  CHECK(authorization_mode_from_string("AlwaysAllow") == AuthorizationMode::kAlwaysAllow);
  CHECK(authorization_mode_from_string("AlwaysDeny") == AuthorizationMode::kAlwaysDeny);
  CHECK_FALSE(authorization_mode_from_string("alwaysallow"));
}

}  // namespace skiff::server
