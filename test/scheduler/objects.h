#pragma once

#include "api/base/json.h"
#include "scheduler/node_info.h"
#include "scheduler/pod_info.h"

#include <memory>
#include <string>

// Pods and nodes as the scheduler's tests need them, given in JSON.
namespace skiff::test {

inline Json pod_object(const std::string& name, const std::string& spec = "{}") {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"namespace", "default"}, {"name", name}, {"uid", name}}},
          {"spec", Json::parse(spec)}};
}

inline scheduler::PodInfoPtr pod_info(const std::string& name, const std::string& spec = "{}") {
  return std::make_shared<scheduler::PodInfo>(std::make_shared<const Json>(pod_object(name, spec)));
}

// One container with these requests ("{}", R"({"cpu": "1"})").
inline std::string requesting(const std::string& requests) {
  return R"({"containers": [{"resources": {"requests": )" + requests + "}}]}";
}

inline Json node_object(const std::string& name, const std::string& spec = "{}",
                        const std::string& allocatable = R"({"cpu": "4", "memory": "8Gi", "pods": "10"})") {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", {{"disk", "ssd"}, {"slots", "5"}}}}},
          {"spec", Json::parse(spec)},
          {"status", {{"allocatable", Json::parse(allocatable)}}}};
}

inline scheduler::NodeInfo node_info(const Json& node) {
  scheduler::NodeInfo info(node.at("metadata").at("name").get<std::string>());
  info.set_object(std::make_shared<const Json>(node));
  return info;
}

}  // namespace skiff::test
