#include "server/metrics/readings.h"
#include "test/server/handlers/api_server.h"
#include "test/server/handlers/silent_node.h"
#include "test/support/samples.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

// The value of a sample of GET /metrics, named with its labels; "" when there is none.
std::string sample(ApiServer& api, const std::string& name) { return test::sample_in(api.get("/metrics").body, name); }

std::string config_map_labels(const std::string& scope, const std::string& verb) {
  return R"(component="apiserver",dry_run="",group="",resource="configmaps",scope=")" + scope +
         R"(",subresource="",verb=")" + verb + R"(",version="v1")";
}

// A node that says what it was asked for.
class TellingNode final : public SilentNode {
 public:
  Task<api::Result<std::string>> metrics(std::string node_name) override {
    co_return "kubelet_node_name{node=\"" + node_name + "\"} 1\n";
  }
};

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

TEST_CASE("the events that watches send are counted, by kind") {
  ApiServer api;
  const std::string name = R"(apiserver_watch_events_total{group="",kind="ConfigMap",version="v1"})";
  Answer first = api.get(kConfigMaps + "?watch=1&resourceVersion=0");
  Answer second = api.get(kConfigMaps + "?watch=1&resourceVersion=0");
  REQUIRE(first.stream);
  const int initial = static_cast<int>(api.get(kConfigMaps).json()["items"].size());
  if (initial > 0) static_cast<void>(api.next(*first.stream));
  CHECK(sample(api, name) == std::to_string(initial));
  api.config_map("a");
  CHECK(api.next(*first.stream).find("ADDED") != std::string::npos);
  CHECK(sample(api, name) == std::to_string(initial + 1));
  // The other one gets them all at once.
  CHECK(api.next(*second.stream).find("\"a\"") != std::string::npos);
  CHECK(sample(api, name) == std::to_string(2 * initial + 2));
}

TEST_CASE("a node's own figures are behind its proxy") {
  ApiServer api;
  const std::string proxy = "/api/v1/nodes/n1/proxy";
  CHECK(api.get(proxy + "/metrics").status == 404);
  REQUIRE(api.post("/api/v1/nodes", {{"metadata", {{"name", "n1"}}}}).status == 201);
  CHECK(api.get(proxy + "/metrics").status == 503);
  api.nodes.nodes["n1"] = std::make_shared<TellingNode>();
  const Answer answer = api.get(proxy + "/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(answer.body == "kubelet_node_name{node=\"n1\"} 1\n");
  CHECK(api.get(proxy + "/whatever").status == 404);
  CHECK(api.get(proxy).status == 404);
  CHECK(api.post(proxy + "/metrics", {}).status == 405);
  CHECK(api.get("/api/v1/nodes/n1/status/metrics").status == 404);
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
