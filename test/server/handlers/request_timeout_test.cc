#include "server/handlers/request_timeout.h"

#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;
using namespace std::chrono_literals;

TEST_CASE("a client may shorten the time of its request") {
  struct Row {
    const char* timeout;
    std::chrono::nanoseconds expected;
  };
  const Row rows[] = {{"5s", 5s}, {"0s", 60s}, {"2m", 60s}, {"-1s", 60s}};
  for (const Row& row : rows) {
    Request request;
    request.query.emplace_back("timeout", row.timeout);
    CHECK(*request_time(request) == row.expected);
  }
  CHECK(*request_time(Request()) == 60s);
}

TEST_CASE("a write that is not committed in time is answered with a time-out") {
  ApiServer api;
  const std::string config_maps = "/api/v1/namespaces/default/configmaps";
  const Answer late = api.send("POST", config_maps + "?timeout=1ns", {}, R"({"metadata":{"name":"late"}})");
  CHECK(late.status == 504);
  CHECK(late.json() == Json::parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
      "message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},
      "code":504})"));
  CHECK(api.get(config_maps + "?timeout=1ns").status == 200);

  const Answer wrong = api.get(config_maps + "?timeout=soon");
  CHECK(wrong.status == 400);
  CHECK(wrong.message() == "invalid timeout specified in the request URL - time: invalid duration \"soon\"");
  CHECK(api.get(config_maps + "?timeout=5").message() ==
        "invalid timeout specified in the request URL - time: missing unit in duration \"5\"");
  CHECK(api.get(config_maps + "?watch=1&timeout=soon").status == 200);
}
