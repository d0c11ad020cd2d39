#include "test/server/handlers/api_server.h"
#include "test/server/handlers/silent_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

const std::string kMetrics = "/apis/metrics.k8s.io/v1beta1";

// A node that says what the test wants.
class MeasuredNode final : public SilentNode {
 public:
  api::Result<api::NodeUsage> answer = api::NodeUsage();
  std::string asked;

  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override {
    asked = node_name;
    co_return answer;
  }
};

struct Cluster {
  Cluster() {
    for (const char* name : {"n1", "n2"}) {
      REQUIRE(api.post("/api/v1/nodes", {{"metadata", {{"name", name}, {"labels", {{"disk", name}}}}}}).status == 201);
    }
    api::NodeUsage& usage = node->answer.value();
    usage.time = *parse_time("2026-11-22T11:59:58Z");
    usage.window = std::chrono::milliseconds(15'032);
    usage.cpu_nanocores = 1'500'000'000;
    usage.memory_bytes = std::int64_t{3} << 30;
    usage.pods.push_back({{"default", "web"}, {{"app", 250'000'001, 10 << 20}, {"side", 0, 4097}}});
    usage.pods.push_back({{"other", "web"}, {{"app", 1'000'000, 1 << 20}}});
    api.nodes.nodes["n1"] = node;
    run_pod("default", "web", "n1", "Running");
    run_pod("default", "young", "n1", "Running");
    run_pod("default", "done", "n1", "Succeeded");
    run_pod("other", "web", "n1", "Running");
  }
  void run_pod(const std::string& namespace_, const std::string& name, const std::string& node_name,
               const std::string& phase) {
    if (api.get("/api/v1/namespaces/" + namespace_).status == 404) {
      REQUIRE(api.post("/api/v1/namespaces", {{"metadata", {{"name", namespace_}}}}).status == 201);
    }
    const std::string pods = "/api/v1/namespaces/" + namespace_ + "/pods";
    Json pod = {{"metadata", {{"name", name}, {"labels", {{"app", name}}}}},
                {"spec", {{"nodeName", node_name}, {"containers", Json::array({{{"name", "app"}, {"image", "i"}}})}}}};
    REQUIRE(api.post(pods, pod).status == 201);
    pod["status"] = {{"phase", phase}};
    REQUIRE(api.put(pods + "/" + name + "/status", pod).status == 200);
  }
  std::vector<std::string> names(const std::string& target) {
    const Answer answer = api.get(kMetrics + target);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    std::vector<std::string> found;
    const Json list = answer.json();
    for (const Json& item : list.at("items")) {
      found.push_back(string_at(item, {"metadata", "namespace"}) + "/" + string_at(item, {"metadata", "name"}));
    }
    return found;
  }

  ApiServer api;
  std::shared_ptr<MeasuredNode> node = std::make_shared<MeasuredNode>();
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what a pod uses") {
  Cluster cluster;
  const Answer answer = cluster.api.get(kMetrics + "/namespaces/default/pods/web");
  CHECK(answer.status == 200);
  CHECK(answer.json() == Json::parse(R"({
    "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
    "metadata": {"name": "web", "namespace": "default", "creationTimestamp": "2026-11-22T12:00:00Z", "labels": {"app": "web"}},
    "timestamp": "2026-11-22T11:59:58Z", "window": "15.032s",
    "containers": [{"name": "app", "usage": {"cpu": "250000001n", "memory": "10Mi"}},
                   {"name": "side", "usage": {"cpu": "0", "memory": "4097"}}]})"));
  CHECK(cluster.node->asked == "n1");
}

TEST_CASE("what pods use, by namespace and selector") {
  Cluster cluster;
  CHECK(cluster.names("/pods") == Names{"default/web", "other/web"});
  CHECK(cluster.names("/namespaces/default/pods") == Names{"default/web"});
  CHECK(cluster.names("/pods?labelSelector=app=none").empty());
  CHECK(cluster.names("/pods?labelSelector=app=web") == Names{"default/web", "other/web"});
  CHECK(cluster.names("/pods?fieldSelector=metadata.namespace=other") == Names{"other/web"});
  const Json list = cluster.api.get(kMetrics + "/pods").json();
  CHECK(list["kind"] == "PodMetricsList");
  CHECK(list["apiVersion"] == "metrics.k8s.io/v1beta1");
  CHECK_FALSE(list["items"][0].contains("kind"));
}

TEST_CASE("what nodes use") {
  Cluster cluster;
  // n2 is not connected.
  CHECK(cluster.names("/nodes") == Names{"/n1"});
  CHECK(cluster.names("/nodes?labelSelector=disk=n2").empty());
  const Json node = cluster.api.get(kMetrics + "/nodes/n1").json();
  CHECK(node["kind"] == "NodeMetrics");
  CHECK(node["usage"] == Json({{"cpu", "1500m"}, {"memory", "3Gi"}}));
  CHECK(node["metadata"]["labels"]["disk"] == "n1");
  cluster.node->answer.value().window = std::chrono::milliseconds(60'500);
  CHECK(cluster.api.get(kMetrics + "/nodes/n1").json()["window"] == "1m0.5s");
}

TEST_CASE("what has no metrics") {
  Cluster cluster;
  struct Row {
    const char* target;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{
           {"/namespaces/default/pods/young", "podmetrics.metrics.k8s.io \"default/young\" not found"},
           {"/namespaces/default/pods/done", "pods \"default/done\" not found"},
           {"/namespaces/default/pods/none", "pods \"default/none\" not found"},
           {"/nodes/n2", "nodemetrics.metrics.k8s.io \"n2\" not found"},
           {"/nodes/n3", "nodes \"n3\" not found"},
       }) {
    INFO(row.target);
    const Answer answer = cluster.api.get(kMetrics + row.target);
    CHECK(answer.status == 404);
    CHECK(answer.message() == row.message);
  }
  cluster.node->answer = api::unavailable("no");
  CHECK(cluster.names("/pods").empty());
  // A node that was asked too early says nothing.
  cluster.node->answer = api::NodeUsage();
  CHECK(cluster.names("/nodes").empty());
}

TEST_CASE("metrics are read only, and discovered") {
  Cluster cluster;
  CHECK(cluster.api.remove(kMetrics + "/nodes/n1").status == 405);
  CHECK(cluster.api.get(kMetrics + "/nodes?watch=true").status == 405);
  const Json resources = cluster.api.get(kMetrics).json()["resources"];
  REQUIRE(resources.size() == 2);
  CHECK(resources[0]["name"] == "nodes");
  CHECK(resources[0]["kind"] == "NodeMetrics");
  CHECK(resources[1]["namespaced"] == true);
  CHECK(resources[1]["verbs"] == Json({"get", "list"}));
}

TEST_CASE("metrics as a table") {
  Cluster cluster;
  const std::string as_table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const Json table = cluster.api.get(kMetrics + "/namespaces/default/pods", as_table).json();
  CHECK(table["kind"] == "Table");
  CHECK(table["rows"][0]["cells"] == Json({"web", "250000001n", "10489857", "15.032s"}));
  const Json one = cluster.api.get(kMetrics + "/nodes/n1", as_table).json();
  CHECK(one["rows"][0]["cells"] == Json({"n1", "1500m", "3Gi", "15.032s"}));
}
