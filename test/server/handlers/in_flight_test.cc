#include "server/handlers/in_flight.h"

#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

#include <map>

using namespace skiff;
using namespace skiff::server;

namespace {

std::shared_ptr<const void> enter(InFlight& in_flight, const std::string& method, const std::string& path,
                                  std::vector<std::string> groups = {}, const std::string& user = "somebody") {
  Request request;
  request.method = method;
  request.path = path.substr(0, path.find('?'));
  if (path.find("watch=1") != std::string::npos) request.query.emplace_back("watch", "1");
  request.user = api::User{user, std::move(groups), ""};
  return in_flight.enter(request, request_info_of(request));
}

}  // namespace

TEST_CASE("requests beyond the limit are turned away until a seat is free") {
  InFlight in_flight(InFlightLimits{2, 1});
  const std::string pods = "/api/v1/namespaces/default/pods";
  auto first = enter(in_flight, "GET", pods);
  auto second = enter(in_flight, "GET", "/version");
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(enter(in_flight, "GET", pods + "/x"));
  CHECK_FALSE(enter(in_flight, "HEAD", pods));

  SECTION("what writes has seats of its own") {
    auto writing = enter(in_flight, "PATCH", pods + "/x");
    REQUIRE(writing);
    CHECK_FALSE(enter(in_flight, "DELETE", pods));
    CHECK_FALSE(enter(in_flight, "POST", pods));
    writing.reset();
    CHECK(enter(in_flight, "PUT", pods + "/x"));
  }
  SECTION("a seat that is left is free") {
    first.reset();
    CHECK(enter(in_flight, "GET", pods));
  }
  SECTION("not counted") {
    CHECK(enter(in_flight, "GET", pods + "?watch=1"));
    CHECK(enter(in_flight, "GET", "/api/v1/watch/pods"));
    CHECK(enter(in_flight, "GET", pods + "/x/log"));
    CHECK(enter(in_flight, "GET", "/livez"));
    CHECK(enter(in_flight, "GET", "/readyz/ping"));
    CHECK(enter(in_flight, "GET", pods, {"system:masters"}));
  }
}

TEST_CASE("who floods the server leaves room for others") {
  InFlight in_flight(InFlightLimits{40, 0});
  std::map<std::string, std::vector<std::shared_ptr<const void>>> held;
  // As many as the user gets.
  const auto fill = [&](const std::string& user, const std::vector<std::string>& groups = {}) {
    while (auto seat = enter(in_flight, "GET", "/api/v1/pods", groups, user)) held[user].push_back(std::move(seat));
    return held[user].size();
  };
  CHECK(fill("flood") == 30);
  CHECK(fill("flood") == 30);
  CHECK(fill("other") == 10);
  CHECK(in_flight.reading() == 40);

  // What the flood gives back goes to the other until both have the same.
  held["flood"].resize(15);
  CHECK(fill("flood") == 15);
  CHECK(fill("other") == 15);
  CHECK(in_flight.reading() == 30);
  // Newcomers, and nodes with as much as they need.
  CHECK(enter(in_flight, "GET", "/api/v1/pods", {}, "new"));
  CHECK(fill("system:node:n1", {"system:nodes"}) == 10);
  CHECK_FALSE(enter(in_flight, "GET", "/api/v1/pods", {}, "new"));
  held.clear();
  CHECK(in_flight.reading() == 0);
  CHECK(fill("other") == 30);
}

TEST_CASE("no limit") {
  InFlight in_flight(InFlightLimits{0, 0});
  std::vector<std::shared_ptr<const void>> seats;
  for (int i = 0; i < 1000; ++i) seats.push_back(enter(in_flight, "POST", "/api/v1/namespaces"));
  CHECK(std::find(seats.begin(), seats.end(), nullptr) == seats.end());
}

TEST_CASE("an overloaded server asks to come again, and counts a response until it is sent") {
  ApiServer api(AuthorizationMode::kAlwaysAllow, InFlightLimits{1, 1});
  const Answer held = api.get("/api/v1/namespaces");
  CHECK(held.status == 200);
  const Answer refused = api.get("/api/v1/namespaces");
  CHECK(refused.status == 429);
  CHECK(refused.headers.get("Retry-After") == "1");
  CHECK(refused.headers.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(refused.body == "Too many requests, please try again later.\n");
}
