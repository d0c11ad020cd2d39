#include "server/metrics/readings.h"
#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

#include <sstream>

using namespace skiff;
using namespace skiff::server;

namespace {

// The value of a sample of GET /metrics, named with its labels; "" when there is none.
std::string sample(ApiServer& api, const std::string& name) {
  std::istringstream lines(api.get("/metrics").body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + " ")) return line.substr(name.size() + 1);
  }
  return "";
}

std::string config_map_labels(const std::string& scope, const std::string& verb) {
  return R"(component="apiserver",dry_run="",group="",resource="configmaps",scope=")" + scope +
         R"(",subresource="",verb=")" + verb + R"(",version="v1")";
}

}  // namespace

TEST_CASE("requests are counted by what they are about and by the code of the answer") {
  ApiServer api;
  api.config_map("a");
  api.get(kConfigMaps);
  api.get(kConfigMaps);
  api.get("/api/v1/configmaps");
  CHECK(api.get(kConfigMaps + "/none").status == 404);
  CHECK(api.post(kConfigMaps + "?dryRun=All", {{"metadata", {{"name", "b"}}}}).status == 201);

  const auto total = [&](const std::string& code, const std::string& labels) {
    return sample(api, "apiserver_request_total{code=\"" + code + "\"," + labels + "}");
  };
  CHECK(total("201", config_map_labels("resource", "POST")) == "1");
  CHECK(total("200", config_map_labels("namespace", "LIST")) == "2");
  CHECK(total("200", config_map_labels("cluster", "LIST")) == "1");
  CHECK(total("404", config_map_labels("resource", "GET")) == "1");
  std::string dry = config_map_labels("resource", "POST");
  dry.replace(dry.find("dry_run=\"\""), 10, "dry_run=\"All\"");
  CHECK(total("201", dry) == "1");
  CHECK(sample(api, "apiserver_request_duration_seconds_count{" + config_map_labels("namespace", "LIST") + "}") == "2");
  CHECK(sample(api, "apiserver_request_duration_seconds_bucket{" + config_map_labels("namespace", "LIST") +
                        ",le=\"+Inf\"}") == "2");
}

TEST_CASE("what does not exist leaves no labels behind") {
  ApiServer api;
  CHECK(api.get("/api/v1/namespaces/default/whatever").status == 404);
  CHECK(api.get("/apis/example.com/v1/things/x").status == 404);
  CHECK(api.get("/whatever").status == 404);
  CHECK(api.get(kConfigMaps + "/a/whatever").status == 404);
  CHECK(api.send("WHATEVER", kConfigMaps).status == 405);
  const std::string body = api.get("/metrics").body;
  CHECK(body.find("whatever") == std::string::npos);
  CHECK(body.find("WHATEVER") == std::string::npos);
  CHECK(body.find("example.com") == std::string::npos);
}

TEST_CASE("a watch is counted for as long as it lasts") {
  ApiServer api;
  std::string labels = config_map_labels("namespace", "WATCH");
  labels.erase(labels.find("dry_run=\"\","), 11);
  const std::string name = "apiserver_longrunning_requests{" + labels + "}";
  Answer watch = api.get(kConfigMaps + "?watch=1");
  REQUIRE(watch.stream);
  CHECK(sample(api, name) == "1");
  watch.seat.reset();
  CHECK(sample(api, name) == "0");
  CHECK(sample(api, "apiserver_request_total{code=\"200\"," + config_map_labels("namespace", "WATCH") + "}") == "1");
  CHECK(
      sample(api, "apiserver_request_duration_seconds_count{" + config_map_labels("namespace", "WATCH") + "}").empty());
}

TEST_CASE("what is read when Prometheus asks") {
  ApiServer api;
  const std::string before = sample(api, "apiserver_storage_objects{resource=\"configmaps\"}");
  api.config_map("a");
  CHECK(std::stoi(sample(api, "apiserver_storage_objects{resource=\"configmaps\"}")) == std::stoi(before) + 1);
  CHECK(sample(api, "apiserver_storage_objects{resource=\"deployments.apps\"}") == "0");
  CHECK(sample(api, "apiserver_current_inflight_requests{request_kind=\"mutating\"}") == "0");
  // The one that asks.
  CHECK(sample(api, "apiserver_current_inflight_requests{request_kind=\"readOnly\"}") == "1");
  CHECK(std::stod(sample(api, "process_resident_memory_bytes")) > 1e6);
  CHECK(std::stod(sample(api, "process_open_fds")) >= 3);
  CHECK(std::stod(sample(api, "process_start_time_seconds")) > 1.7e9);
  CHECK(std::stod(sample(api, "process_virtual_memory_bytes")) >
        std::stod(sample(api, "process_resident_memory_bytes")));
  const Answer answer = api.get("/metrics");
  CHECK(answer.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(answer.body.find("# TYPE process_cpu_seconds_total counter\n") != std::string::npos);
  CHECK(answer.body.find("git_version=\"v1.32.0+skiff\"") != std::string::npos);
}

TEST_CASE("metrics are for those who may read them") {
  ApiServer api(AuthorizationMode::kAlwaysDeny);
  CHECK(api.get("/metrics").status == 403);
}
