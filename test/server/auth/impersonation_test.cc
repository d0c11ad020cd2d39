#include "server/auth/impersonation.h"

#include "api/base/json.h"
#include "test/server/auth/recording_handler.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

namespace skiff::server {

namespace {

using Texts = std::vector<std::string>;

struct ImpersonatedDoor {
  RecordingHandler next;
  api::User user{"root", {"system:masters"}, "1"};

  Response send(const Headers& headers) {
    const Authorizer authorizer(AuthorizationMode::kAlwaysDeny);
    ImpersonatingHandler handler(authorizer, next);
    Request request;
    request.method = "GET";
    request.path = "/api/v1/pods";
    request.user = user;
    request.headers = headers;
    asio::io_context context;
    auto response = asio::co_spawn(context, handler.handle(std::move(request)), asio::use_future);
    context.run();
    return response.get();
  }
};

Headers headers_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  Headers headers;
  for (const auto& [name, value] : entries) headers.add(name, value);
  return headers;
}

}  // namespace

TEST_CASE_METHOD(ImpersonatedDoor, "without the headers nothing changes") {
  send(headers_of({{"Accept", "application/json"}}));
  REQUIRE(next.seen);
  CHECK(next.seen->user.name == "root");
  CHECK(next.seen->user.groups == Texts{"system:masters"});
}

TEST_CASE_METHOD(ImpersonatedDoor, "whom the headers name") {
  struct Row {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string name;
    Texts groups;
  };
  const std::vector<Row> rows = {
      {{{"Impersonate-User", "jane"}}, "jane", {"system:authenticated"}},
      {{{"impersonate-user", "jane"}, {"IMPERSONATE-GROUP", "dev"}, {"Impersonate-Group", "ops"}},
       "jane",
       {"dev", "ops", "system:authenticated"}},
      {{{"Impersonate-User", "jane"}, {"Impersonate-Group", "system:unauthenticated"}},
       "jane",
       {"system:unauthenticated"}},
      {{{"Impersonate-User", "system:anonymous"}}, "system:anonymous", {"system:unauthenticated"}},
      {{{"Impersonate-User", "system:serviceaccount:prod:web"}},
       "system:serviceaccount:prod:web",
       {"system:serviceaccounts", "system:serviceaccounts:prod", "system:authenticated"}},
      {{{"Impersonate-User", "system:serviceaccount:prod:web"}, {"Impersonate-Group", "dev"}},
       "system:serviceaccount:prod:web",
       {"dev", "system:authenticated"}},
      {{{"Impersonate-User", "system:serviceaccount:prod"}}, "system:serviceaccount:prod", {"system:authenticated"}},
  };
  for (const Row& row : rows) {
    INFO(row.name << " in " << row.groups.size() << " groups");
    send(headers_of(row.headers));
    REQUIRE(next.seen);
    CHECK(next.seen->user.name == row.name);
    CHECK(next.seen->user.groups == row.groups);
    CHECK(next.seen->user.uid.empty());
    CHECK(next.seen->headers.all().empty());
  }
}

TEST_CASE_METHOD(ImpersonatedDoor, "uid and extra come along, with keys that are percent-encoded") {
  send(headers_of({{"Impersonate-User", "jane"},
                   {"Impersonate-Uid", "42"},
                   {"Impersonate-Extra-Acme.Com%2fProject", "a"},
                   {"Impersonate-Extra-acme.com%2Fproject", "b"},
                   {"Impersonate-Extra-Bad%zz", "c"}}));
  REQUIRE(next.seen);
  CHECK(next.seen->user.uid == "42");
  const std::map<std::string, Texts> extra = {{"acme.com/project", {"a", "b"}}, {"bad%zz", {"c"}}};
  CHECK(next.seen->user.extra == extra);
}

TEST_CASE_METHOD(ImpersonatedDoor, "who may not impersonate is told what is missing") {
  user = api::User{"joe", {"system:authenticated"}, ""};
  struct Row {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{{"Impersonate-User", "jane"}},
       R"(users "jane" is forbidden: User "joe" cannot impersonate resource "users" in API group "" at the cluster scope)"},
      {{{"Impersonate-User", "system:serviceaccount:prod:web"}},
       R"(serviceaccounts "web" is forbidden: User "joe" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "prod")"},
  };
  for (const Row& row : rows) {
    const Response response = send(headers_of(row.headers));
    CHECK(response.status == 403);
    CHECK(string_at(Json::parse(text_of(response)), {"message"}) == row.message + ": Everything is forbidden.");
    CHECK_FALSE(next.seen);
  }
}

TEST_CASE_METHOD(ImpersonatedDoor, "groups without a user are a mistake") {
  const Response response = send(headers_of({{"Impersonate-Group", "dev"}}));
  CHECK(response.status == 500);
  CHECK(text_of(response).starts_with(R"(Internal Server Error: "/api/v1/pods": requested )"));
  CHECK_FALSE(next.seen);
}

}  // namespace skiff::server
