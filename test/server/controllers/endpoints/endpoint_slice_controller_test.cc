#include "server/controllers/endpoints/endpoint_slice_controller.h"

#include "server/controllers/endpoints/endpoint_slice_mirroring_controller.h"
#include "test/server/controllers/endpoints/service_objects.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace skiff;
using namespace skiff::test;

namespace {

template <class Controller>
struct EndpointSliceCluster : Cluster {
  Controller controller{context()};
  EndpointSliceCluster() {
    client.put(api::kNodes, Json{{"metadata", {{"name", "n1"}}}});
    start(controller);
  }
  ~EndpointSliceCluster() { stop(controller); }

  [[nodiscard]] std::vector<api::ObjectPtr> slices() const { return client.peek_all(api::kEndpointSlices); }
  // How many endpoints the slices have, in falling order.
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> sizes;
    for (const api::ObjectPtr& slice : slices()) {
      const Json* endpoints = find(*slice, {"endpoints"});
      sizes.push_back(endpoints == nullptr || !endpoints->is_array() ? 0 : endpoints->size());
    }
    std::sort(sizes.rbegin(), sizes.rend());
    return sizes;
  }
  void add_pods(int from, int to) {
    for (int i = from; i < to; ++i) {
      client.put(api::kPods, web_pod("p" + std::to_string(i),
                                     "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)));
    }
  }
};

using SliceSizes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a Service without pods has an empty slice, which the first pods get") {
  EndpointSliceCluster<controllers::EndpointSliceController> cluster;
  cluster.client.put(api::kServices, web_service());
  cluster.settle();
  REQUIRE(cluster.sizes() == SliceSizes{0});
  const std::string name = api::name_of(*cluster.slices()[0]);
  CHECK(name.starts_with("web-"));
  CHECK(api::labels_of(*cluster.slices()[0]) == Json::parse(R"({"team":"a","kubernetes.io/service-name":"web",
                        "endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"})"));
  const Json owner = api::owner_references_of(*cluster.slices()[0])[0];
  CHECK(string_at(owner, {"kind"}) == "Service");
  CHECK(bool_at(owner, {"controller"}));

  cluster.client.modify(api::kNodes, {"", "n1"},
                        [](Json& node) { node["metadata"]["labels"]["topology.kubernetes.io/zone"] = "z"; });
  cluster.settle();
  cluster.client.put(api::kPods, web_pod("a", "10.0.0.1"));
  cluster.settle();
  REQUIRE(cluster.sizes() == SliceSizes{1});
  const Json slice = *cluster.slices()[0];
  CHECK(api::name_of(slice) == name);
  CHECK(slice.at("ports") == Json::parse(R"([{"name":"","port":8080,"protocol":"TCP"}])"));
  Json endpoint = slice.at("endpoints")[0];
  endpoint["targetRef"].erase("uid");
  CHECK(endpoint == Json::parse(R"({"addresses":["10.0.0.1"],
      "conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"n1","zone":"z",
      "targetRef":{"kind":"Pod","namespace":"default","name":"a"}})"));

  SECTION("a pod that is going still serves") {
    cluster.client.modify(api::kPods, {"default", "a"},
                          [](Json& pod) { pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z"; });
    cluster.settle();
    CHECK(cluster.slices()[0]->at("endpoints")[0].at("conditions") ==
          Json::parse(R"({"ready":false,"serving":true,"terminating":true})"));
  }
  SECTION("the last pod leaves an empty slice behind") {
    cluster.client.erase(api::kPods, {"default", "a"});
    cluster.settle();
    REQUIRE(cluster.sizes() == SliceSizes{0});
    CHECK(api::name_of(*cluster.slices()[0]) == name);
  }
  SECTION("a headless Service gives its pods names") {
    cluster.client.modify(api::kServices, {"default", "web"},
                          [](Json& service) { service["spec"]["clusterIP"] = "None"; });
    cluster.client.modify(api::kPods, {"default", "a"}, [](Json& pod) {
      pod["spec"]["hostname"] = "first";
      pod["spec"]["subdomain"] = "web";
    });
    cluster.settle();
    CHECK(string_at(cluster.slices()[0]->at("endpoints")[0], {"hostname"}) == "first");
    CHECK(api::label_of(*cluster.slices()[0], "service.kubernetes.io/headless") != nullptr);
  }
  SECTION("the slice that somebody removed comes back") {
    cluster.client.erase(api::kEndpointSlices, {"default", name});
    cluster.settle();
    CHECK(cluster.sizes() == SliceSizes{1});
  }
}

TEST_CASE("slices have at most 100 endpoints, and few of them are written") {
  EndpointSliceCluster<controllers::EndpointSliceController> cluster;
  cluster.add_pods(0, 250);
  cluster.client.put(api::kServices, web_service());
  cluster.settle();
  REQUIRE(cluster.sizes() == SliceSizes{100, 100, 50});

  SECTION("more pods fill the slice that has room") {
    const std::size_t before = cluster.client.count_requests("update endpointslices");
    cluster.add_pods(250, 260);
    cluster.settle();
    CHECK(cluster.sizes() == SliceSizes{100, 100, 60});
    CHECK(cluster.client.count_requests("update endpointslices") == before + 1);
    CHECK(cluster.client.count_requests("create endpointslices") == 3);
  }
  SECTION("more than that make a new one") {
    cluster.add_pods(250, 310);
    cluster.settle();
    CHECK(cluster.sizes() == SliceSizes{100, 100, 60, 50});
  }
  SECTION("a slice whose endpoints are all gone goes") {
    for (int i = 0; i < 250; ++i) cluster.client.erase(api::kPods, {"default", "p" + std::to_string(i)});
    cluster.settle();
    CHECK(cluster.sizes() == SliceSizes{0});
  }
  SECTION("other labels are written to all") {
    cluster.client.modify(api::kServices, {"default", "web"},
                          [](Json& service) { service["metadata"]["labels"]["team"] = "b"; });
    cluster.settle();
    for (const api::ObjectPtr& slice : cluster.slices()) CHECK(*api::label_of(*slice, "team") == "b");
    CHECK(cluster.sizes() == SliceSizes{100, 100, 50});
  }
}

TEST_CASE("pods count only while their node is there") {
  EndpointSliceCluster<controllers::EndpointSliceController> cluster;
  const bool publishes_all = GENERATE(false, true);
  cluster.client.put(api::kServices, web_service(publishes_all ? R"({"publishNotReadyAddresses":true})" : "{}"));
  cluster.add_pods(0, 2);
  cluster.settle();
  REQUIRE(cluster.sizes() == SliceSizes{2});
  cluster.client.erase(api::kNodes, {"", "n1"});
  cluster.settle();
  CHECK(cluster.sizes() == (publishes_all ? SliceSizes{2} : SliceSizes{0}));
  cluster.client.put(api::kNodes, Json{{"metadata", {{"name", "n1"}}}});
  cluster.settle();
  CHECK(cluster.sizes() == SliceSizes{2});
}

TEST_CASE("a write that fails is tried again and makes no slice twice") {
  EndpointSliceCluster<controllers::EndpointSliceController> cluster;
  cluster.client.fail("create endpointslices", api::internal_error("no"), 1);
  cluster.add_pods(0, 150);
  cluster.client.put(api::kServices, web_service());
  cluster.settle();
  cluster.until([&] { return cluster.sizes() == SliceSizes{100, 50}; });
  cluster.settle();
  CHECK(cluster.sizes() == SliceSizes{100, 50});
}

TEST_CASE("pods with other ports are in other slices") {
  EndpointSliceCluster<controllers::EndpointSliceController> cluster;
  cluster.add_pods(0, 2);
  cluster.client.modify(api::kPods, {"default", "p1"},
                        [](Json& pod) { pod["spec"]["containers"][0]["ports"][0]["containerPort"] = 8001; });
  cluster.client.put(api::kServices, web_service(R"({"ports":[{"port":80,"targetPort":"http","protocol":"TCP"}]})"));
  cluster.settle();
  CHECK(cluster.sizes() == SliceSizes{1, 1});
}

TEST_CASE("Endpoints of Services without a selector are mirrored") {
  EndpointSliceCluster<controllers::EndpointSliceMirroringController> cluster;
  cluster.client.put(api::kServices, web_service(R"({"selector":null})"));
  cluster.client.put(api::kEndpoints, Json::parse(R"({"metadata":{"name":"web","namespace":"default",
      "labels":{"a":"b"},"annotations":{"note":"1","kubectl.kubernetes.io/last-applied-configuration":"{}"}},
      "subsets":[{"addresses":[{"ip":"1.2.3.4"},{"ip":"fd00::1"}],"notReadyAddresses":[{"ip":"1.2.3.5"}],
                  "ports":[{"name":"p","port":80,"protocol":"TCP"}]}]})"));
  cluster.settle();
  REQUIRE(cluster.sizes() == SliceSizes{2, 1});
  for (const api::ObjectPtr& slice : cluster.slices()) {
    CHECK(api::labels_of(*slice) == Json::parse(R"({"a":"b","kubernetes.io/service-name":"web",
                          "endpointslice.kubernetes.io/managed-by":"endpointslicemirroring-controller.k8s.io"})"));
    CHECK(api::annotations_of(*slice) == Json::parse(R"({"note":"1"})"));
    CHECK(string_at(api::owner_references_of(*slice)[0], {"kind"}) == "Endpoints");
    if (string_at(*slice, {"addressType"}) != "IPv4") continue;
    CHECK(slice->at("endpoints") == Json::parse(R"([{"addresses":["1.2.3.4"],"conditions":{"ready":true}},
                                                    {"addresses":["1.2.3.5"],"conditions":{"ready":false}}])"));
  }
  const std::size_t writes = cluster.client.count_requests("update endpointslices");

  SECTION("once is enough") { CHECK(writes == 0); }
  SECTION("changes are followed") {
    cluster.client.modify(api::kEndpoints, {"default", "web"}, [](Json& endpoints) {
      endpoints["subsets"][0]["addresses"] = Json::parse(R"([{"ip":"1.2.3.9"}])");
      endpoints["subsets"][0].erase("notReadyAddresses");
    });
    cluster.settle();
    CHECK(cluster.sizes() == SliceSizes{1});
  }
  SECTION("not those that say so") {
    cluster.client.modify(api::kEndpoints, {"default", "web"}, [](Json& endpoints) {
      endpoints["metadata"]["labels"]["endpointslice.kubernetes.io/skip-mirror"] = "true";
    });
    cluster.settle();
    CHECK(cluster.slices().empty());
  }
  SECTION("not any more when the Service selects pods") {
    cluster.client.modify(api::kServices, {"default", "web"}, [](Json& service) {
      service["spec"]["selector"] = {{"app", "web"}};
    });
    cluster.settle();
    CHECK(cluster.slices().empty());
  }
  SECTION("the mirror goes with the Endpoints") {
    cluster.client.erase(api::kEndpoints, {"default", "web"});
    cluster.settle();
    CHECK(cluster.slices().empty());
  }
}
