#include "test/server/registry/findings.h"

#include <catch2/catch.hpp>

#include <set>

using namespace skiff;
using namespace skiff::test;

namespace {

Json service(const std::string& name, const char* spec = "{}") {
  Json object = Json::parse(R"({"spec":{"selector":{"app":"web"},"ports":[{"port":80}]}})");
  object["metadata"] = {{"name", name}, {"namespace", "default"}};
  object["spec"].merge_patch(Json::parse(spec));
  return object;
}

// A cluster whose services have 6 addresses and 3 ports.
struct SmallCluster : Cluster {
  server::KindOptions options{"10.1.0.0/29", 30000, 30002};
  server::KindTable small_kinds{server::builtin_kinds(catalog(), options)};
  std::unique_ptr<server::Registry> small = open();

  std::unique_ptr<server::Registry> open() {
    return std::make_unique<server::Registry>(*store, small_kinds, catalog(), clock,
                                              server::default_admission(server::AdmissionOptions{}));
  }
  api::Result<Json> add(Json object) {
    const server::ServedKind services = small_kinds.find(api::kServices);
    return document(services, run(io, small->create(context, services, "default", std::move(object), params)));
  }
  api::Result<Json> change(Json object) {
    const server::ServedKind services = small_kinds.find(api::kServices);
    api::NamespacedName name = api::key_of(object);
    auto written = run(io, small->update(context, services, std::move(name), "", std::move(object), params));
    if (!written) return written.error();
    return document(services, written->record);
  }
  void drop(const std::string& name) {
    REQUIRE(run(io, small->remove(context, small_kinds.find(api::kServices), {"default", name}, {})));
  }
};

}  // namespace

TEST_CASE("a Service gets its defaults and an address") {
  Cluster cluster;
  const Json made = *cluster.create(api::kServices, service("web"));
  const Json& spec = made.at("spec");
  CHECK(spec.at("type") == "ClusterIP");
  CHECK(spec.at("sessionAffinity") == "None");
  CHECK(spec.at("internalTrafficPolicy") == "Cluster");
  CHECK(spec.at("ipFamilies") == Json::array({"IPv4"}));
  CHECK(spec.at("ipFamilyPolicy") == "SingleStack");
  CHECK(spec.at("ports") == Json::parse(R"([{"port":80,"protocol":"TCP","targetPort":80}])"));
  CHECK(spec.at("clusterIP").get<std::string>().starts_with("10."));
  CHECK(spec.at("clusterIPs") == Json::array({spec.at("clusterIP")}));
  CHECK(made.at("status") == Json::parse(R"({"loadBalancer":{}})"));
  CHECK_FALSE(made.at("metadata").contains("generation"));
}

TEST_CASE("what a Service gets depends on its type") {
  Cluster cluster;
  SECTION("NodePort") {
    const Json spec = cluster.create(api::kServices, service("web", R"({"type":"NodePort"})"))->at("spec");
    const auto port = spec.at("ports")[0].at("nodePort").get<int>();
    CHECK((port >= 30000 && port <= 32767));
    CHECK(spec.at("externalTrafficPolicy") == "Cluster");
  }
  SECTION("LoadBalancer with local traffic") {
    const Json spec =
        cluster.create(api::kServices, service("web", R"({"type":"LoadBalancer","externalTrafficPolicy":"Local"})"))
            ->at("spec");
    CHECK(spec.at("allocateLoadBalancerNodePorts") == true);
    CHECK(spec.at("ports")[0].contains("nodePort"));
    CHECK(spec.at("healthCheckNodePort").get<int>() != spec.at("ports")[0].at("nodePort").get<int>());
  }
  SECTION("LoadBalancer without node ports") {
    const Json spec =
        cluster
            .create(api::kServices, service("web", R"({"type":"LoadBalancer","allocateLoadBalancerNodePorts":false})"))
            ->at("spec");
    CHECK_FALSE(spec.at("ports")[0].contains("nodePort"));
  }
  SECTION("headless") {
    const Json spec = cluster.create(api::kServices, service("web", R"({"clusterIP":"None"})"))->at("spec");
    CHECK(spec.at("clusterIPs") == Json::array({"None"}));
    CHECK(spec.at("ipFamilyPolicy") == "SingleStack");
  }
  SECTION("headless, with endpoints of somebody else's") {
    const Json spec =
        cluster.create(api::kServices, service("web", R"({"clusterIP":"None","selector":null})"))->at("spec");
    CHECK(spec.at("ipFamilies") == Json::array({"IPv4", "IPv6"}));
    CHECK(spec.at("ipFamilyPolicy") == "RequireDualStack");
  }
  SECTION("ExternalName") {
    const Json spec = cluster
                          .create(api::kServices, service("web", R"({"type":"ExternalName","ports":null,
                                                                     "externalName":"example.com"})"))
                          ->at("spec");
    CHECK_FALSE(spec.contains("clusterIP"));
    CHECK_FALSE(spec.contains("ipFamilies"));
    CHECK_FALSE(spec.contains("internalTrafficPolicy"));
  }
  SECTION("client affinity") {
    const Json spec = cluster.create(api::kServices, service("web", R"({"sessionAffinity":"ClientIP"})"))->at("spec");
    CHECK(spec.at("sessionAffinityConfig") == Json::parse(R"({"clientIP":{"timeoutSeconds":10800}})"));
  }
}

TEST_CASE("Services are validated in upstream's words") {
  Cluster cluster;
  struct Row {
    const char* name;
    const char* spec;
    const char* expected;
  };
  const Row rows[] = {
      {"no ports", R"({"ports":null})", "spec.ports: Required value"},
      {"unnamed ports", R"({"ports":[{"port":80},{"name":"b","port":81}]})", "spec.ports[0].name: Required value"},
      {"same name", R"({"ports":[{"name":"a","port":80},{"name":"a","port":81}]})",
       "spec.ports[1].name: Duplicate value: \"a\""},
      {"same port", R"({"ports":[{"name":"a","port":80},{"name":"b","port":80}]})",
       "spec.ports[1]: Duplicate value: core.ServicePort{Name:\"\", Protocol:\"TCP\", AppProtocol:(*string)(nil), "
       "Port:80, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}, NodePort:0}"},
      {"two protocols", R"({"ports":[{"name":"a","port":80},{"name":"b","port":80,"protocol":"UDP"}]})", ""},
      {"port out of range", R"({"ports":[{"port":65536}]})",
       "[spec.ports[0].port: Invalid value: 65536: must be between 1 and 65535, inclusive, "
       "spec.ports[0].targetPort: Invalid value: 65536: must be between 1 and 65535, inclusive]"},
      {"no port", R"({"ports":[{"targetPort":80}]})",
       "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"},
      {"bad protocol", R"({"ports":[{"port":80,"protocol":"tcp"}]})",
       "spec.ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\""},
      {"bad type", R"({"type":"Magic"})",
       "spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", "
       "\"NodePort\""},
      {"node port of a cluster IP", R"({"ports":[{"port":80,"nodePort":30080}]})",
       "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"},
      {"headless node port", R"({"type":"NodePort","clusterIP":"None"})",
       "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"},
      {"node port out of range", R"({"type":"NodePort","ports":[{"port":80,"nodePort":80}]})",
       "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports "
       "is "
       "30000-32767"},
      {"no external name", R"({"type":"ExternalName","ports":null})", "spec.externalName: Required value"},
      {"external name with an address",
       R"({"type":"ExternalName","ports":null,"externalName":"a.b","clusterIP":"10.96.0.7"})",
       "spec.clusterIPs: Forbidden: may not be set for ExternalName services"},
      {"foreign address", R"({"clusterIP":"1.2.3.4"})",
       "spec.clusterIPs: Invalid value: []string{\"1.2.3.4\"}: failed to allocate IP 1.2.3.4: the provided IP "
       "(1.2.3.4) "
       "is not in the valid range. The range of valid IPs is 10.96.0.0/12"},
      {"no address", R"({"clusterIP":"x"})",
       "spec.clusterIPs[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"},
      {"other family", R"({"ipFamilies":["IPv6"]})",
       "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster"},
      {"both families", R"({"ipFamilyPolicy":"RequireDualStack"})",
       "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack "
       "services"},
      {"both families, if possible", R"({"ipFamilyPolicy":"PreferDualStack"})", ""},
      {"affinity without clients", R"({"sessionAffinity":"ClientIP",
                                       "sessionAffinityConfig":{"clientIP":{"timeoutSeconds":0}}})",
       "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than "
       "86400"},
      {"traffic policy without traffic", R"({"externalTrafficPolicy":"Local"})",
       "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"},
      {"health check port without need", R"({"healthCheckNodePort":30001})",
       "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and "
       "`externalTrafficPolicy` is 'Local'"},
      {"class without balancer", R"({"loadBalancerClass":"a/b"})",
       "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"},
      {"ranges without balancer", R"({"loadBalancerSourceRanges":["10.0.0.0/8"]})",
       "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"},
      {"loopback outside", R"({"externalIPs":["127.0.0.1"]})",
       "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"},
      {"bad selector", R"({"selector":{"a":"-"}})",
       "spec.selector: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric "
       "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
       "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
      {"bad distribution", R"({"trafficDistribution":"Far"})",
       "spec.trafficDistribution: Unsupported value: \"Far\": supported values: \"PreferClose\""},
  };
  cluster.context.dry_run = true;
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(findings(cluster.create(api::kServices, service("x", row.spec))) == row.expected);
  }
  CHECK(
      message_of(cluster.create(api::kServices, service("1st"))) ==
      "Service \"1st\" is invalid: metadata.name: Invalid value: \"1st\": a DNS-1035 label must consist of lower case "
      "alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character "
      "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')");
}

TEST_CASE("what was chosen for a Service stays, unless its type changes") {
  Cluster cluster;
  const Json first = *cluster.create(api::kServices, service("web", R"({"type":"NodePort"})"));
  SECTION("an update that leaves it out") {
    const Json updated =
        *cluster.update(api::kServices, service("web", R"({"type":"NodePort","selector":{"app":null,"a":"b"}})"));
    CHECK(updated.at("spec").at("clusterIP") == first.at("spec").at("clusterIP"));
    CHECK(updated.at("spec").at("ports") == first.at("spec").at("ports"));
    CHECK(updated.at("spec").at("selector") == Json::parse(R"({"a":"b"})"));
  }
  SECTION("an update that wants another address") {
    const auto refused = cluster.patch(api::kServices, "web", api::PatchType::kMerge,
                                       Json::parse(R"({"spec":{"clusterIP":"10.96.0.9"}})"));
    CHECK(findings(refused) == "spec.clusterIPs[0]: Invalid value: []string{\"10.96.0.9\"}: may not change once set");
  }
  SECTION("to ClusterIP") {
    const Json updated =
        *cluster.patch(api::kServices, "web", api::PatchType::kMerge, Json::parse(R"({"spec":{"type":"ClusterIP"}})"));
    CHECK_FALSE(updated.at("spec").at("ports")[0].contains("nodePort"));
    CHECK_FALSE(updated.at("spec").contains("externalTrafficPolicy"));
    CHECK(updated.at("spec").at("clusterIP") == first.at("spec").at("clusterIP"));
  }
  SECTION("to ExternalName and back") {
    const Json named = *cluster.patch(api::kServices, "web", api::PatchType::kMerge,
                                      Json::parse(R"({"spec":{"type":"ExternalName","externalName":"a.b"}})"));
    for (const char* name : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
      CHECK_FALSE(named.at("spec").contains(name));
    }
    // The address is free again.
    const std::string ip = first.at("spec").at("clusterIP").get<std::string>();
    CHECK(cluster.create(api::kServices, service("other", (R"({"clusterIP":")" + ip + R"("})").c_str())));
    const Json back = *cluster.patch(api::kServices, "web", api::PatchType::kMerge,
                                     Json::parse(R"({"spec":{"type":"ClusterIP","externalName":null}})"));
    CHECK(back.at("spec").at("clusterIP") != first.at("spec").at("clusterIP"));
  }
  SECTION("status is a matter of its own") {
    Json changed = first;
    changed["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", "1.2.3.4"}}});
    CHECK_FALSE(cluster.update(api::kServices, changed)->at("status").at("loadBalancer").contains("ingress"));
    CHECK(findings(cluster.update(api::kServices, changed, "status")) ==
          "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'");
  }
  SECTION("a put of a name that is new creates it") {
    CHECK(cluster.update(api::kServices, service("fresh"))->at("spec").contains("clusterIP"));
  }
}

TEST_CASE("a load balancer's addresses") {
  Cluster cluster;
  Json balanced = *cluster.create(api::kServices, service("web", R"({"type":"LoadBalancer"})"));
  balanced["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", "1.2.3.4"}}});
  const Json written = *cluster.update(api::kServices, balanced, "status");
  CHECK(written.at("status").at("loadBalancer").at("ingress")[0].at("ipMode") == "VIP");
  CHECK(findings(cluster.patch(api::kServices, "web", api::PatchType::kMerge,
                               Json::parse(R"({"status":{"loadBalancer":{"ingress":[{"hostname":"1.1.1.1"}]}}})"),
                               "status")) ==
        "status.loadBalancer.ingress[0].hostname: Invalid value: \"1.1.1.1\": must be a DNS name, not an IP address");
}

TEST_CASE("cluster IPs are given out once, and given back") {
  SmallCluster cluster;
  std::set<std::string> ips;
  for (int i = 0; i < 6; ++i) {
    const auto made = cluster.add(service("s" + std::to_string(i)));
    REQUIRE(made);
    ips.insert(made->at("spec").at("clusterIP").get<std::string>());
  }
  CHECK(ips == std::set<std::string>{"10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"});
  CHECK(message_of(cluster.add(service("more"))) ==
        "Internal error occurred: failed to allocate a serviceIP: range is full");
  const char* wanted = R"({"clusterIP":"10.1.0.3"})";
  const std::string taken =
      "spec.clusterIPs: Invalid value: []string{\"10.1.0.3\"}: failed to allocate IP 10.1.0.3: provided IP is already "
      "allocated";
  CHECK(findings(cluster.add(service("more", wanted))) == taken);

  SECTION("also by a server that starts anew") {
    cluster.small = cluster.open();
    CHECK(findings(cluster.add(service("more", wanted))) == taken);
  }
  for (int i = 0; i < 6; ++i) cluster.drop("s" + std::to_string(i));
  CHECK(cluster.add(service("more", wanted)));
}

TEST_CASE("a Service that is refused, or only tried, takes nothing") {
  SmallCluster cluster;
  cluster.context.dry_run = true;
  for (int i = 0; i < 8; ++i) CHECK(cluster.add(service("tried", R"({"type":"NodePort"})")));
  cluster.context.dry_run = false;
  for (int i = 0; i < 8; ++i) {
    CHECK_FALSE(cluster.add(service("refused", R"({"type":"NodePort","sessionAffinity":"x"})")));
    CHECK_FALSE(cluster.add(service("full", R"({"type":"NodePort","ports":[{"name":"a","port":1},{"name":"b","port":2},
                                                {"name":"c","port":3},{"name":"d","port":4}]})")));
  }
  REQUIRE(cluster.add(service("first", R"({"clusterIP":"10.1.0.2"})")));
  // Its address is taken, so its port must stay free.
  const char* both = R"({"type":"NodePort","clusterIP":"10.1.0.2","ports":[{"port":80,"nodePort":30001}]})";
  CHECK_FALSE(cluster.add(service("second", both)));
  CHECK(cluster.add(service("third", R"({"type":"NodePort","ports":[{"port":80,"nodePort":30001}]})")));
}

TEST_CASE("node ports are given out once, and given back") {
  SmallCluster cluster;
  const char* wanted = R"({"type":"NodePort","ports":[{"port":80,"nodePort":30001}]})";
  const std::string taken = "spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated";
  REQUIRE(cluster.add(service("first", wanted)));
  CHECK(findings(cluster.add(service("second", wanted))) == taken);
  cluster.small = cluster.open();
  CHECK(findings(cluster.add(service("second", wanted))) == taken);

  SECTION("by another number") {
    REQUIRE(cluster.change(service("first", R"({"type":"NodePort","ports":[{"port":80,"nodePort":30002}]})")));
  }
  SECTION("by another type") { REQUIRE(cluster.change(service("first"))); }
  SECTION("by a removal") { cluster.drop("first"); }
  CHECK(cluster.add(service("second", wanted)));
}

TEST_CASE("one node port serves both protocols of a port") {
  Cluster cluster;
  const Json spec = cluster
                        .create(api::kServices, service("dns", R"({"type":"NodePort","ports":[
                            {"name":"u","port":53,"protocol":"UDP"},{"name":"t","port":53,"protocol":"TCP"}]})"))
                        ->at("spec");
  CHECK(spec.at("ports")[0].at("nodePort") == spec.at("ports")[1].at("nodePort"));
}

TEST_CASE("the Service kubernetes and its endpoints follow the server") {
  Cluster cluster;
  auto start = [&](const char* ip, std::uint16_t port) {
    REQUIRE(run(cluster.io, server::bootstrap(cluster.registry, server::ApiServerAddress{"10.96.0.1", ip, port})));
  };
  start("192.168.0.5", 6443);
  const Json service = *cluster.get(api::kServices, "kubernetes");
  CHECK(service.at("spec").at("clusterIP") == "10.96.0.1");
  CHECK(service.at("metadata").at("labels") == Json::parse(R"({"component":"apiserver","provider":"kubernetes"})"));
  CHECK(service.at("spec").at("ports") ==
        Json::parse(R"([{"name":"https","port":443,"protocol":"TCP","targetPort":6443}])"));
  CHECK(
      cluster.get(api::kEndpoints, "kubernetes")->at("subsets") ==
      Json::parse(R"([{"addresses":[{"ip":"192.168.0.5"}],"ports":[{"name":"https","port":6443,"protocol":"TCP"}]}])"));
  const Json slice = *cluster.get(api::kEndpointSlices, "kubernetes");
  CHECK(slice.at("endpoints") == Json::parse(R"([{"addresses":["192.168.0.5"],"conditions":{"ready":true}}])"));
  CHECK(slice.at("metadata").at("labels").at("kubernetes.io/service-name") == "kubernetes");

  SECTION("a restart in the same place writes nothing") {
    start("192.168.0.5", 6443);
    CHECK(cluster.get(api::kServices, "kubernetes")->at("metadata").at("resourceVersion") ==
          service.at("metadata").at("resourceVersion"));
    CHECK(cluster.get(api::kEndpointSlices, "kubernetes")->at("metadata").at("resourceVersion") ==
          slice.at("metadata").at("resourceVersion"));
  }
  SECTION("in another place") {
    start("fd00::5", 7443);
    CHECK(cluster.get(api::kEndpointSlices, "kubernetes")->at("addressType") == "IPv6");
    CHECK(cluster.get(api::kServices, "kubernetes")->at("spec").at("ports")[0].at("targetPort") == 7443);
  }
  SECTION("where nobody reaches it") {
    start("127.0.0.1", 6443);
    CHECK_FALSE(cluster.get(api::kEndpoints, "kubernetes")->contains("subsets"));
    CHECK(cluster.get(api::kEndpointSlices, "kubernetes")->at("endpoints") == Json::array());
  }
}
