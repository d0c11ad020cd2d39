#pragma once

#include "api/views/meta.h"
#include "test/server/controllers/cluster.h"

#include <string>

namespace skiff::test {

// A Service over port 80 of the pods with the label app=web; `spec` is merged into it.
[[nodiscard]] inline Json web_service(const char* spec = "{}") {
  Json service = Json::parse(R"({"apiVersion":"v1","kind":"Service",
      "metadata":{"name":"web","namespace":"default","labels":{"team":"a"}},
      "spec":{"clusterIP":"10.96.0.9","ipFamilies":["IPv4"],"selector":{"app":"web"},"type":"ClusterIP",
              "ports":[{"port":80,"targetPort":8080,"protocol":"TCP"}]}})");
  service["spec"].merge_patch(Json::parse(spec));
  return service;
}

// A pod with the label app=web on node n1 that runs and is ready.
[[nodiscard]] inline Json web_pod(const std::string& name, const std::string& ip, bool ready = true) {
  Json pod = Json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","labels":{"app":"web"}},
      "spec":{"nodeName":"n1","containers":[{"name":"c","ports":[{"name":"http","containerPort":8000,
                                                                 "protocol":"TCP"}]}]},
      "status":{"phase":"Running"}})");
  pod["metadata"]["name"] = name;
  pod["status"]["podIP"] = ip;
  pod["status"]["podIPs"] = Json::array({{{"ip", ip}}});
  pod["status"]["conditions"] = Json::array(
      {{{"type", "Ready"}, {"status", ready ? "True" : "False"}, {"lastTransitionTime", "2026-11-22T11:00:00Z"}}});
  return pod;
}

}  // namespace skiff::test
