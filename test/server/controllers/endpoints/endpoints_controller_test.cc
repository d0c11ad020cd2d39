#include "server/controllers/endpoints/endpoints_controller.h"

#include "server/controllers/endpoints/subsets.h"
#include "test/server/controllers/endpoints/service_objects.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

struct EndpointsCluster : Cluster {
  controllers::EndpointsController controller{context()};
  EndpointsCluster() { start(controller); }
  ~EndpointsCluster() { stop(controller); }

  [[nodiscard]] api::ObjectPtr endpoints() const { return client.peek(api::kEndpoints, {"default", "web"}); }
  // "10.0.0.1 10.0.0.2 : 8080 !10.0.0.3" and so on, subsets separated by "|".
  [[nodiscard]] std::string text() const { return endpoints() ? text_of(endpoints()->value("subsets", Json())) : ""; }

  static std::string text_of(const Json& subsets) {
    std::string text;
    for (const Json& subset : subsets) {
      if (!text.empty()) text += " | ";
      for (const Json& address : subset.value("addresses", Json::array())) text += string_at(address, {"ip"}) + " ";
      for (const Json& address : subset.value("notReadyAddresses", Json::array())) {
        text += "!" + string_at(address, {"ip"}) + " ";
      }
      text += ":";
      for (const Json& port : subset.value("ports", Json::array())) {
        text += " " + string_at(port, {"name"}, "-") + "=" + std::to_string(integer_at(port, {"port"}));
      }
    }
    return text;
  }
};

std::vector<api::ObjectPtr> pods(std::initializer_list<Json> list) {
  std::vector<api::ObjectPtr> pods;
  for (const Json& pod : list) pods.push_back(std::make_shared<const Json>(pod));
  return pods;
}

}  // namespace

TEST_CASE("subsets are packed by ports and readiness") {
  const auto two = pods({web_pod("b", "10.0.0.10"), web_pod("a", "10.0.0.9", false)});
  auto text = [](const Json& service, const std::vector<api::ObjectPtr>& of) {
    return EndpointsCluster::text_of(controllers::endpoint_subsets(service, of));
  };
  CHECK(text(web_service(), two) == "10.0.0.10 !10.0.0.9 : -=8080");
  CHECK(text(web_service(R"({"publishNotReadyAddresses":true})"), two) == "10.0.0.9 10.0.0.10 : -=8080");
  CHECK(text(web_service(R"({"ports":[{"name":"a","port":1,"targetPort":"http","protocol":"TCP"},
                                      {"name":"b","port":2,"targetPort":90,"protocol":"TCP"}]})"),
             two) == "10.0.0.10 !10.0.0.9 : a=8000 b=90");
  CHECK(text(web_service(R"({"clusterIP":"None","ports":null})"), two) == "10.0.0.10 !10.0.0.9 :");

  SECTION("a named port may be another number in each pod") {
    Json other = web_pod("c", "10.0.0.11");
    other["spec"]["containers"][0]["ports"][0]["containerPort"] = 8001;
    Json without = web_pod("d", "10.0.0.12");
    without["spec"]["containers"][0].erase("ports");
    const Json service = web_service(R"({"ports":[{"port":80,"targetPort":"http","protocol":"TCP"}]})");
    CHECK(text(service, pods({web_pod("b", "10.0.0.10"), other, without})) ==
          "10.0.0.10 : -=8000 | 10.0.0.11 : -=8001");
  }
  SECTION("pods without an address, that have ended or are going") {
    Json ended = web_pod("c", "10.0.0.11");
    ended["status"]["phase"] = "Succeeded";
    Json going = web_pod("d", "10.0.0.12");
    going["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
    Json pending = web_pod("e", "");
    pending["status"].erase("podIPs");
    pending["status"].erase("podIP");
    CHECK(text(web_service(), pods({ended, going, pending})).empty());
    CHECK(text(web_service(R"({"publishNotReadyAddresses":true})"), pods({ended, going, pending})) ==
          "10.0.0.12 : -=8080");
  }
}

TEST_CASE("too many endpoints are cut off, those that are not ready first") {
  Json subsets = Json::parse(R"([{"addresses":[],"notReadyAddresses":[]}])");
  for (int i = 0; i < 900; ++i) subsets[0]["addresses"].push_back({{"ip", std::to_string(i)}});
  for (int i = 0; i < 300; ++i) subsets[0]["notReadyAddresses"].push_back({{"ip", std::to_string(i)}});
  REQUIRE(controllers::truncate_subsets(subsets));
  CHECK(subsets[0]["addresses"].size() == 900);
  CHECK(subsets[0]["notReadyAddresses"].size() == 100);
  CHECK_FALSE(controllers::truncate_subsets(subsets));
  for (int i = 0; i < 200; ++i) subsets[0]["addresses"].push_back({{"ip", std::to_string(i)}});
  REQUIRE(controllers::truncate_subsets(subsets));
  CHECK(subsets[0]["addresses"].size() == 1000);
  CHECK_FALSE(subsets[0].contains("notReadyAddresses"));
}

TEST_CASE("Endpoints follow the Service and its pods") {
  EndpointsCluster cluster;
  cluster.client.put(api::kServices, web_service());
  cluster.settle();
  REQUIRE(cluster.endpoints());
  CHECK(cluster.text().empty());

  cluster.client.put(api::kPods, web_pod("a", "10.0.0.1"));
  cluster.client.put(api::kPods, web_pod("b", "10.0.0.2", false));
  cluster.settle();
  CHECK(cluster.text() == "10.0.0.1 !10.0.0.2 : -=8080");
  const Json address = cluster.endpoints()->at("subsets")[0].at("addresses")[0];
  CHECK(string_at(address, {"nodeName"}) == "n1");
  CHECK(string_at(address, {"targetRef", "name"}) == "a");
  CHECK(string_at(address, {"targetRef", "kind"}) == "Pod");
  CHECK(api::labels_of(*cluster.endpoints()) == Json::parse(R"({"team":"a"})"));
  CHECK(*api::annotation_of(*cluster.endpoints(), "endpoints.kubernetes.io/last-change-trigger-time") ==
        "2026-11-22T11:00:00Z");

  SECTION("a pod becomes ready") {
    cluster.set_ready({"default", "b"}, true);
    cluster.settle();
    CHECK(cluster.text() == "10.0.0.1 10.0.0.2 : -=8080");
    CHECK(*api::annotation_of(*cluster.endpoints(), "endpoints.kubernetes.io/last-change-trigger-time") ==
          "2026-11-22T12:00:00Z");
  }
  SECTION("a pod goes, another leaves by its labels") {
    cluster.client.erase(api::kPods, {"default", "a"});
    cluster.client.modify(api::kPods, {"default", "b"}, [](Json& pod) { pod["metadata"]["labels"]["app"] = "x"; });
    cluster.settle();
    CHECK(cluster.text().empty());
  }
  SECTION("the Service selects others, and becomes headless") {
    cluster.client.modify(api::kServices, {"default", "web"}, [](Json& service) {
      service["spec"]["selector"] = {{"app", "other"}};
      service["spec"]["clusterIP"] = "None";
    });
    cluster.settle();
    CHECK(cluster.text().empty());
    CHECK(api::label_of(*cluster.endpoints(), "service.kubernetes.io/headless") != nullptr);
  }
  SECTION("the Service goes") {
    cluster.client.erase(api::kServices, {"default", "web"});
    cluster.settle();
    CHECK_FALSE(cluster.endpoints());
  }
  SECTION("somebody removes the Endpoints") {
    cluster.client.erase(api::kEndpoints, {"default", "web"});
    cluster.settle();
    CHECK(cluster.text() == "10.0.0.1 !10.0.0.2 : -=8080");
  }
  SECTION("what does not show in endpoints costs no write") {
    const std::size_t before = cluster.client.count_requests("update endpoints");
    cluster.client.modify(api::kPods, {"default", "a"}, [](Json& pod) { pod["metadata"]["annotations"]["x"] = "y"; });
    cluster.client.put(api::kPods, [] {
      Json stranger = web_pod("z", "10.0.0.9");
      stranger["metadata"]["labels"]["app"] = "other";
      return stranger;
    }());
    cluster.settle();
    CHECK(cluster.client.count_requests("update endpoints") == before);
  }
}

TEST_CASE("Endpoints that others maintain are left alone") {
  EndpointsCluster cluster;
  cluster.client.put(api::kServices, web_service(R"({"selector":null})"));
  cluster.client.put(api::kPods, web_pod("a", "10.0.0.1"));
  cluster.settle();
  CHECK_FALSE(cluster.endpoints());
  CHECK(cluster.client.count_requests("create endpoints") == 0);
}

TEST_CASE("Endpoints whose Service went while nobody looked are removed") {
  Cluster cluster;
  cluster.client.put(api::kEndpoints, Json::parse(R"({"metadata":{"name":"old","namespace":"default"}})"));
  controllers::EndpointsController controller(cluster.context());
  cluster.start(controller);
  cluster.settle();
  CHECK_FALSE(cluster.client.peek(api::kEndpoints, {"default", "old"}));
  cluster.stop(controller);
}
