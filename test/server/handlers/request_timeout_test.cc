#include "server/handlers/request_timeout.h"

#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;
using namespace std::chrono_literals;

TEST_CASE("durations are read as Go reads them") {
  struct Row {
    const char* text;
    std::chrono::nanoseconds expected;
  };
  const Row rows[] = {{"0", 0ns},        {"5s", 5s},     {"+5s", 5s},         {"-5s", -5s},     {"1.5h", 90min},
                      {"1h30m", 90min},  {".5s", 500ms}, {"3.s", 3s},         {"250ms", 250ms}, {"7us", 7us},
                      {"7\u00b5s", 7us}, {"1ns", 1ns},   {"2m0.5s", 120500ms}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = parse_duration(row.text);
    REQUIRE(parsed);
    CHECK(*parsed == row.expected);
  }
  struct BadRow {
    const char* text;
    const char* message;
  };
  const BadRow bad_rows[] = {{"", "time: invalid duration \"\""},
                             {"-", "time: invalid duration \"-\""},
                             {"s", "time: invalid duration \"s\""},
                             {".s", "time: invalid duration \".s\""},
                             {"1.2.3s", "time: invalid duration \"1.2.3s\""},
                             {"5", "time: missing unit in duration \"5\""},
                             {"5x", "time: unknown unit \"x\" in duration \"5x\""},
                             {"1s2", "time: missing unit in duration \"1s2\""},
                             {"99999999999h", "time: invalid duration \"99999999999h\""}};
  for (const BadRow& row : bad_rows) {
    INFO(row.text);
    const auto parsed = parse_duration(row.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == row.message);
  }
}

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
  CHECK(api.get(config_maps + "?watch=1&timeout=soon").status == 200);
}
