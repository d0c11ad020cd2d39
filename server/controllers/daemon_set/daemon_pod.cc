#include "server/controllers/daemon_set/daemon_pod.h"

#include "api/resource.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/pods.h"

#include <algorithm>
#include <array>

namespace skiff::controllers {

namespace {

constexpr const char* kTemplateGenerationAnnotation = "deprecated.daemonset.template.generation";
constexpr const char* kTemplateGenerationLabel = "pod-template-generation";
constexpr const char* kNodeNameField = "metadata.name";

struct Tolerated {
  const char* key;
  const char* effect;
};
// A daemon stays where others are driven out or kept away.
constexpr std::array<Tolerated, 6> kTolerated{{{"node.kubernetes.io/not-ready", "NoExecute"},
                                               {"node.kubernetes.io/unreachable", "NoExecute"},
                                               {"node.kubernetes.io/disk-pressure", "NoSchedule"},
                                               {"node.kubernetes.io/memory-pressure", "NoSchedule"},
                                               {"node.kubernetes.io/pid-pressure", "NoSchedule"},
                                               {"node.kubernetes.io/unschedulable", "NoSchedule"}}};
// For those in the node's network, which they may be the ones to set up.
constexpr Tolerated kToleratedInHostNetwork{"node.kubernetes.io/network-unavailable", "NoSchedule"};

void add_toleration(Json& tolerations, const Tolerated& tolerated) {
  const Json added{{"key", tolerated.key}, {"operator", "Exists"}, {"effect", tolerated.effect}};
  for (Json& toleration : tolerations) {
    const bool same = string_at(toleration, {"key"}) == tolerated.key &&
                      string_at(toleration, {"operator"}) == "Exists" &&
                      string_at(toleration, {"effect"}) == tolerated.effect && string_at(toleration, {"value"}).empty();
    if (!same) continue;
    toleration = added;  // without tolerationSeconds
    return;
  }
  tolerations.push_back(added);
}

Json with_daemon_tolerations(const Json& pod_spec) {
  Json tolerations = pod_spec.value("tolerations", Json::array());
  for (const Tolerated& tolerated : kTolerated) add_toleration(tolerations, tolerated);
  if (bool_at(pod_spec, {"hostNetwork"})) add_toleration(tolerations, kToleratedInHostNetwork);
  return tolerations;
}

// Takes the place of the template's own terms: the node fits those.
Json only_node(const std::string& node) {
  const Json requirement{{"key", kNodeNameField}, {"operator", "In"}, {"values", Json::array({node})}};
  const Json term{{"matchFields", Json::array({requirement})}};
  return {{"nodeSelectorTerms", Json::array({term})}};
}

const Json& template_of(const Json& daemon_set) { return daemon_set.at("spec").at("template"); }

}  // namespace

DaemonFit::DaemonFit(const Json& daemon_set) {
  Json pod{{"spec", template_of(daemon_set).value("spec", Json::object())}};
  pod["spec"]["tolerations"] = with_daemon_tolerations(pod["spec"]);
  node_name_ = api::node_name_of(pod);
  required_ = api::RequiredNodes::of_pod(pod);
  tolerations_ = api::tolerations_of(pod);
}

bool DaemonFit::wants(const Json& node) const {
  const std::string name = api::name_of(node);
  if (!node_name_.empty() && node_name_ != name) return false;
  return required_.matches(api::NodeLabels{name, api::labels_of(node)});
}

bool DaemonFit::tolerates(const Json& node, bool running) const {
  const std::vector<api::Taint> taints = api::taints_of(node);
  return std::none_of(taints.begin(), taints.end(), [&](const api::Taint& taint) {
    const bool counts = taint.effect == "NoExecute" || (taint.effect == "NoSchedule" && !running);
    return counts && !api::tolerates(tolerations_, taint);
  });
}

bool DaemonFit::should_run(const Json& node) const { return wants(node) && tolerates(node, false); }
bool DaemonFit::may_stay(const Json& node) const { return wants(node) && tolerates(node, true); }

Json daemon_pod(const Json& daemon_set, const std::string& node, const std::string& hash) {
  Json pod = pod_from_template(api::kDaemonSets, daemon_set);
  Json& labels = pod["metadata"]["labels"];
  if (const std::string* generation = api::annotation_of(daemon_set, kTemplateGenerationAnnotation)) {
    labels[kTemplateGenerationLabel] = *generation;
  }
  labels[kRevisionHashLabel] = hash;
  Json& spec = pod["spec"];
  spec["tolerations"] = with_daemon_tolerations(spec);
  spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = only_node(node);
  return pod;
}

std::string target_node(const Json& pod) {
  if (std::string node = api::node_name_of(pod); !node.empty()) return node;
  for (const api::NodeTerm& term : api::RequiredNodes::of_pod(pod).terms) {
    for (const api::NodeRequirement& requirement : term.requirements) {
      const bool names_node = requirement.on_field && requirement.key == kNodeNameField &&
                              requirement.operator_ == "In" && requirement.values.size() == 1;
      if (names_node) return requirement.values.front();
    }
  }
  return "";
}

bool is_updated(const Json& daemon_set, const Json& pod, const std::string& hash) {
  const std::string* pod_hash = api::label_of(pod, kRevisionHashLabel);
  if (pod_hash != nullptr && *pod_hash == hash) return true;
  const std::string* generation = api::annotation_of(daemon_set, kTemplateGenerationAnnotation);
  const std::string* pod_generation = api::label_of(pod, kTemplateGenerationLabel);
  return generation != nullptr && pod_generation != nullptr && *generation == *pod_generation;
}

}  // namespace skiff::controllers
