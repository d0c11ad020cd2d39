#include "test/server/registry/findings.h"

using namespace skiff;
using namespace skiff::test;

namespace {

Json ingress(const char* name) {
  return Json{
      {"metadata", {{"name", name}}},
      {"spec",
       {{"rules",
         Json::array(
             {{{"host", "a.example.com"},
               {"http",
                {{"paths",
                  Json::array({{{"path", "/"},
                                {"pathType", "Prefix"},
                                {"backend", {{"service", {{"name", "web"}, {"port", {{"number", 80}}}}}}}}})}}}}})}}}};
}

Json ingress_class(const char* name, bool is_default = false) {
  Json object{{"metadata", {{"name", name}}}, {"spec", {{"controller", "example.com/ingress"}}}};
  if (is_default) object["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"] = "true";
  return object;
}

Json network_policy(const char* name) {
  return Json{{"metadata", {{"name", name}}}, {"spec", {{"podSelector", Json::object()}}}};
}

}  // namespace

TEST_CASE("an ingress comes back as upstream shows it") {
  Cluster cluster;
  Json object = ingress("web");
  object["status"] = Json::parse(R"({"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}})");
  const Json created = *cluster.create(api::kIngresses, object);
  CHECK(created["status"] == Json::parse(R"({"loadBalancer":{}})"));
  CHECK(created["metadata"]["generation"] == 1);
  CHECK_FALSE(created["spec"].contains("ingressClassName"));

  Json updated = created;
  updated["spec"]["tls"] = Json::parse(R"([{"hosts":["*.example.com"],"secretName":"cert"}])");
  CHECK((*cluster.update(api::kIngresses, updated))["metadata"]["generation"] == 2);
  updated = *cluster.get(api::kIngresses, "web");
  updated["status"]["loadBalancer"]["ingress"] =
      Json::parse(R"([{"hostname":"b.example.com"},{"ip":"10.0.0.1"},{"ip":"10.0.0.1"}])");
  const Json with_status = *cluster.update(api::kIngresses, updated, "status");
  CHECK(table_row(cluster, api::kIngresses, with_status) ==
        "web | <none> | a.example.com | 10.0.0.1,b.example.com | 80, 443 | 0s");
  updated["metadata"].erase("resourceVersion");
  updated["status"]["loadBalancer"]["ingress"] = Json::parse(R"([{"hostname":"10.0.0.1"}])");
  CHECK(findings(cluster.update(api::kIngresses, updated, "status")) ==
        "status.loadBalancer.ingress[0].hostname: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address");
}

TEST_CASE("hosts of an ingress in its row") {
  struct Row {
    const char* rules;
    const char* expected;
  };
  const Row rows[] = {{"[]", "*"},
                      {R"([{"http":{}}])", "*"},
                      {R"([{"host":"a"},{},{"host":"b"}])", "a,b"},
                      {R"([{"host":"a"},{"host":"b"},{"host":"c"}])", "a,b,c"},
                      {R"([{"host":"a"},{"host":"b"},{"host":"c"},{"host":"d"},{}])", "a,b,c + 2 more..."}};
  Cluster cluster;
  for (const Row& row : rows) {
    const Json object{{"metadata", {{"name", "x"}}}, {"spec", {{"rules", Json::parse(row.rules)}}}};
    CHECK(table_row(cluster, api::kIngresses, object) ==
          std::string("x | <none> | ") + row.expected + " |  | 80 | <unknown>");
  }
}

TEST_CASE("ingresses are validated in upstream's words") {
  Cluster cluster;
  check_creations(
      cluster, api::kIngresses, ingress("web"),
      {{"fine", R"({})", ""},
       {"neither rules nor backend", R"({"spec":null})",
        "spec: Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified"},
       {"default backend only",
        R"({"spec":{"rules":null,"defaultBackend":{"service":{"name":"web","port":{"name":"http"}}}}})", ""},
       {"empty backend", R"({"spec":{"defaultBackend":{}}})",
        "spec.defaultBackend: Invalid value: \"\": resource or service backend is required"},
       {"both backends", R"({"spec":{"defaultBackend":{"resource":{"kind":"A","name":"a"},"service":{"name":"web"}}}})",
        "spec.defaultBackend: Invalid value: \"\": cannot set both resource and service backends"},
       {"resource backend", R"({"spec":{"defaultBackend":{"resource":{"apiGroup":"a.com","kind":"A","name":"a"}}}})",
        ""},
       {"bad resource", R"({"spec":{"defaultBackend":{"resource":{"kind":"A/b","name":""}}}})",
        "[spec.defaultBackend.resource.name: Required value, spec.defaultBackend.resource.kind: Invalid value: "
        "\"A/b\": may not contain '/']"},
       {"no port", R"({"spec":{"defaultBackend":{"service":{"name":"web"}}}})",
        "spec.defaultBackend: Required value: port name or number is required"},
       {"two ports", R"({"spec":{"defaultBackend":{"service":{"name":"web","port":{"name":"http","number":80}}}}})",
        "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"},
       {"port too large", R"({"spec":{"defaultBackend":{"service":{"name":"web","port":{"number":70000}}}}})",
        "spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"},
       {"no service name", R"({"spec":{"defaultBackend":{"service":{"name":"","port":{"number":80}}}}})",
        "spec.defaultBackend.service.name: Required value"},
       {"an address as host", R"({"spec":{"rules":[{"host":"10.0.0.1"}]}})",
        "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"},
       {"a wildcard inside", R"({"spec":{"rules":[{"host":"a.*.com"}]}})",
        "spec.rules[0].host: Invalid value: \"a.*.com\": a wildcard DNS-1123 subdomain must start with '*.', followed "
        "by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with "
        "an alphanumeric character (e.g. '*.example.com', regex used for validation is "
        "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
       {"no paths", R"({"spec":{"rules":[{"http":{"paths":[]}}]}})", "spec.rules[0].http.paths: Required value"},
       {"no path type", R"({"spec":{"rules":[{"http":{"paths":[{"backend":{}}]}}]}})",
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"},
       {"unknown path type",
        R"({"spec":{"rules":[{"http":{"paths":[{"pathType":"Regex","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}})",
        "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: \"Exact\", "
        "\"ImplementationSpecific\", \"Prefix\""},
       {"paths",
        R"({"spec":{"rules":[{"http":{"paths":[
            {"path":"a","pathType":"Exact","backend":{"service":{"name":"web","port":{"number":80}}}},
            {"path":"/a//b/.","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}},
            {"pathType":"ImplementationSpecific","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}})",
        "[spec.rules[0].http.paths[0].path: Invalid value: \"a\": must be an absolute path, "
        "spec.rules[0].http.paths[1].path: Invalid value: \"/a//b/.\": must not contain '//', "
        "spec.rules[0].http.paths[1].path: Invalid value: \"/a//b/.\": cannot end with '/.']"},
       {"annotation and class differ",
        R"({"metadata":{"annotations":{"kubernetes.io/ingress.class":"a"}},"spec":{"ingressClassName":"b"}})",
        "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are "
        "specified"}});
  REQUIRE(cluster.create(api::kIngresses, ingress("web")));
  check_updates(
      cluster, api::kIngresses, "web",
      {{"an update may",
        R"({"metadata":{"annotations":{"kubernetes.io/ingress.class":"a"}},"spec":{"ingressClassName":"b"}})", ""}});
}

TEST_CASE("the default ingress class goes to ingresses without one") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kIngressClasses, ingress_class("plain")));
  CHECK_FALSE((*cluster.create(api::kIngresses, ingress("none")))["spec"].contains("ingressClassName"));

  REQUIRE(cluster.create(api::kIngressClasses, ingress_class("old", true)));
  CHECK((*cluster.create(api::kIngresses, ingress("one")))["spec"]["ingressClassName"] == "old");
  cluster.clock.advance(std::chrono::seconds(1));
  REQUIRE(cluster.create(api::kIngressClasses, ingress_class("newer-b", true)));
  REQUIRE(cluster.create(api::kIngressClasses, ingress_class("newer-a", true)));
  CHECK((*cluster.create(api::kIngresses, ingress("newest")))["spec"]["ingressClassName"] == "newer-a");

  Json chosen = ingress("chosen");
  chosen["spec"]["ingressClassName"] = "plain";
  CHECK((*cluster.create(api::kIngresses, chosen))["spec"]["ingressClassName"] == "plain");
  Json annotated = ingress("annotated");
  annotated["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "nginx";
  CHECK_FALSE((*cluster.create(api::kIngresses, annotated))["spec"].contains("ingressClassName"));
  CHECK_FALSE((*cluster.get(api::kIngresses, "none"))["spec"].contains("ingressClassName"));
}

TEST_CASE("ingress classes") {
  Cluster cluster;
  Json object = ingress_class("nginx");
  object["spec"]["parameters"] = Json::parse(R"({"apiGroup":"k8s.example.com","kind":"Settings","name":"all"})");
  const Json created = *cluster.create(api::kIngressClasses, object);
  CHECK(created["spec"]["parameters"]["scope"] == "Cluster");
  CHECK(table_row(cluster, api::kIngressClasses, created) ==
        "nginx | example.com/ingress | Settings.k8s.example.com/all | 0s");
  CHECK(table_row(cluster, api::kIngressClasses, ingress_class("x")) == "x | example.com/ingress | <none> | <unknown>");
  check_updates(cluster, api::kIngressClasses, "nginx",
                {{"another controller", R"({"spec":{"controller":"example.com/other"}})",
                  "spec.controller: Invalid value: \"example.com/other\": field is immutable"}});
  check_creations(
      cluster, api::kIngressClasses, ingress_class("x"),
      {{"no controller", R"({"spec":{"controller":""}})", "spec.controller: Required value"},
       {"no domain", R"({"spec":{"controller":"nginx"}})",
        "spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as \"acme.io/foo\")"},
       {"a bad path", R"({"spec":{"controller":"a.io/x y"}})",
        "spec.controller: Invalid value: \"x y\": Invalid path (regex used for validation is "
        "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"},
       {"cluster scope with a namespace", R"({"spec":{"parameters":{"kind":"A","name":"a","namespace":"b"}}})",
        "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"},
       {"namespace scope without one", R"({"spec":{"parameters":{"kind":"A","name":"a","scope":"Namespace"}}})",
        "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"},
       {"unknown scope", R"({"spec":{"parameters":{"kind":"A","name":"a","scope":"World"}}})",
        "spec.parameters.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespace\""}});
}

TEST_CASE("network policies") {
  Cluster cluster;
  CHECK((*cluster.create(api::kNetworkPolicies, network_policy("in")))["spec"] ==
        Json::parse(R"({"podSelector":{},"policyTypes":["Ingress"]})"));
  Json object = network_policy("both");
  object["spec"]["podSelector"]["matchLabels"]["app"] = "web";
  object["spec"]["egress"] = Json::parse(R"([{"ports":[{"port":53}]}])");
  const Json created = *cluster.create(api::kNetworkPolicies, object);
  CHECK(created["spec"]["policyTypes"] == Json({"Ingress", "Egress"}));
  CHECK(created["spec"]["egress"][0]["ports"][0]["protocol"] == "TCP");
  CHECK(table_row(cluster, api::kNetworkPolicies, created) == "both | app=web | 0s");

  check_creations(
      cluster, api::kNetworkPolicies, network_policy("x"),
      {{"an expression",
        R"({"spec":{"podSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["-"]}]}}})",
        "spec.podSelector.matchExpressions[0].values[0]: Invalid value: \"-\": a valid label must be an empty string "
        "or "
        "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
       {"no peer", R"({"spec":{"ingress":[{"from":[{}]}]}})",
        "spec.ingress[0].from[0]: Required value: must specify a peer"},
       {"block and selector", R"({"spec":{"egress":[{"to":[{"podSelector":{},"ipBlock":{"cidr":"10.0.0.0/8"}}]}]}})",
        "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer"},
       {"blocks",
        R"({"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.1.0.0/16",
            "except":["10.1.2.0/24","10.2.0.0/24","10.1.0.0/16","fd00::/120","x"]}}]}]}})",
        "[spec.ingress[0].from[0].ipBlock.except[4]: Invalid value: \"x\": must be a valid CIDR value, (e.g. "
        "10.9.8.0/24 or 2001:db8::/64), spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.2.0.0/24\": "
        "must be a strict subset of `cidr`, spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: "
        "\"10.1.0.0/16\": must be a strict subset of `cidr`, spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: "
        "\"fd00::/120\": must be a strict subset of `cidr`]"},
       {"ports",
        R"({"spec":{"ingress":[{"ports":[{"port":0},{"port":90,"endPort":80},{"endPort":80},{"port":"http","endPort":80}]}]}})",
        "[spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, "
        "spec.ingress[0].ports[1].endPort: Invalid value: 80: must be greater than or equal to `port`, "
        "spec.ingress[0].ports[2].endPort: Invalid value: 80: may not be specified when `port` is not specified, "
        "spec.ingress[0].ports[3].endPort: Invalid value: 80: may not be specified when `port` is non-numeric]"},
       {"protocol", R"({"spec":{"ingress":[{"ports":[{"protocol":"ICMP"}]}]}})",
        "spec.ingress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", "
        "\"UDP\""},
       {"policy types", R"({"spec":{"policyTypes":["Ingress","Both"]}})",
        "spec.policyTypes[1]: Unsupported value: \"Both\": supported values: \"Egress\", \"Ingress\""}});
}
