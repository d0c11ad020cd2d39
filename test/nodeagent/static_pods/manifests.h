#pragma once

#include "nodeagent/static_pods/static_pod.h"

namespace skiff::test {

// Rules of pods as tests need them: a Pod is what says so, a container is needed, and graceful deletion has a default.
inline nodeagent::PodRules simple_rules() {
  nodeagent::PodRules rules;
  rules.decode = [](Json document) -> Result<Json> {
    if (string_at(document, {"kind"}) != "Pod") return Error{ErrorCode::kInvalid, "no Pod"};
    if (!document["spec"].contains("terminationGracePeriodSeconds")) {
      document["spec"]["terminationGracePeriodSeconds"] = 30;
    }
    return {boost::system::in_place_value, std::move(document)};
  };
  rules.validate = [](const Json& pod) -> Result<void> {
    if (find(pod, {"spec", "containers"}) != nullptr) return {};
    return Error{ErrorCode::kInvalid, "[spec.containers: Required value]"};
  };
  return rules;
}

// A manifest of the article's kind.
inline std::string web_manifest(const std::string& image = "nginx:1.13", const std::string& name = "static-web") {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
         "\n  labels:\n    role: myrole\nspec:\n  containers:\n  - name: web\n    image: " + image + "\n";
}

}  // namespace skiff::test
