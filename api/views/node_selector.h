#pragma once

#include "api/base/json.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Which nodes a pod wants: spec.nodeSelector and spec.affinity.nodeAffinity, parsed once.
namespace skiff::api {

// What a selector sees of a node.
struct NodeLabels {
  const std::string& name;
  const Json& labels;
};

// v1.NodeSelectorRequirement, on a label or on the field metadata.name.
struct NodeRequirement {
  std::string key;
  std::string operator_;  // "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"
  std::vector<std::string> values;
  bool on_field = false;

  [[nodiscard]] bool matches(const NodeLabels& node) const;
};

// v1.NodeSelectorTerm: all requirements; one without any matches nothing.
struct NodeTerm {
  std::vector<NodeRequirement> requirements;

  [[nodiscard]] bool matches(const NodeLabels& node) const;
};

// Where a pod must run.
struct RequiredNodes {
  std::vector<std::pair<std::string, std::string>> labels;  // spec.nodeSelector: all of them
  bool has_terms = false;
  std::vector<NodeTerm> terms;  // any of them, when has_terms

  [[nodiscard]] static RequiredNodes of_pod(const Json& pod);
  // From a v1.NodeSelector alone.
  [[nodiscard]] static RequiredNodes of_node_selector(const Json& selector);
  [[nodiscard]] bool any_node_will_do() const { return labels.empty() && !has_terms; }
  // The name of the only node that can match, as pods of a DaemonSet have it; null when there may be others.
  [[nodiscard]] const std::string* only_name() const;
  [[nodiscard]] bool matches(const NodeLabels& node) const;
};

// Where a pod would rather run.
struct PreferredNodes {
  std::int64_t weight = 0;
  NodeTerm term;
};
[[nodiscard]] std::vector<PreferredNodes> preferred_nodes_of_pod(const Json& pod);

}  // namespace skiff::api
