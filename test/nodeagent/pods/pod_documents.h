#pragma once

#include "api/base/json.h"

#include <string>

namespace skiff::test {

// A pod as the API server would hand it to the agent: defaulted, bound, with one container "main".
inline Json make_pod(const std::string& name = "web") {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"namespace", "default"}, {"uid", "uid-" + name}, {"resourceVersion", "10"}}},
          {"spec",
           {{"nodeName", "n1"},
            {"restartPolicy", "Always"},
            {"terminationGracePeriodSeconds", 30},
            {"dnsPolicy", "ClusterFirst"},
            {"containers",
             Json::array({{{"name", "main"}, {"image", "nginx:1.13"}, {"imagePullPolicy", "IfNotPresent"}}})}}}};
}

inline Json make_container(const std::string& name, const std::string& image = "nginx:1.13") {
  return {{"name", name}, {"image", image}, {"imagePullPolicy", "IfNotPresent"}};
}

inline const Json* condition_of(const Json& status, const std::string& type) {
  for (const Json& condition : status["conditions"]) {
    if (condition["type"] == type) return &condition;
  }
  return nullptr;
}

}  // namespace skiff::test
