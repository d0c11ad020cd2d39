#include "api/base/json.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "api/views/static_pods.h"
#include "server/admission/plugins.h"
#include "server/registry/registry.h"

namespace skiff::server {

namespace {

constexpr std::string_view kNodeUser = "system:node:";
constexpr const char* kNodeGroup = "system:nodes";

// The node that the request comes from; "" when it comes from nobody's.
std::string asking_node(const AdmissionRequest& request) {
  const api::User& user = request.context.user;
  return user.in_group(kNodeGroup) && user.name.starts_with(kNodeUser) ? user.name.substr(kNodeUser.size()) : "";
}

// Why the node may not be the owner as the pod names it; "" when it may.
std::string problem_of_owners(const Json& owners, const std::string& node, const std::string& quoted) {
  const std::string may_only = "node " + quoted + " can only create pods with ";
  if (owners.size() > 1) return may_only + "a single owner reference set to itself";
  const Json owner = owners.empty() ? Json::object() : owners[0];
  if (string_at(owner, {"apiVersion"}) != "v1" || string_at(owner, {"kind"}) != "Node" ||
      string_at(owner, {"name"}) != node) {
    return may_only + "an owner reference set to itself";
  }
  if (!bool_at(owner, {"controller"})) return may_only + "a controller owner reference set to itself";
  if (bool_at(owner, {"blockOwnerDeletion"})) {
    return "node " + quoted + " must not set blockOwnerDeletion on an owner reference";
  }
  return "";
}

std::string problem_of_references(const Json& pod, const std::string& quoted) {
  const std::vector<std::string> kinds = api::referenced_resources(pod);
  if (kinds.empty()) return "";
  const std::string what = kinds.front() == "serviceaccounts" ? "a service account" : kinds.front();
  return "node " + quoted + " can not create pods that reference " + what;
}

// Nodes create mirrors of their own static pods, and no other pods.
class NodeRestriction final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> check(const AdmissionRequest& request, const Json* object,
                                        const Registry& registry) const override {
    if (!creates_pod(request)) return {};
    const std::string node = asking_node(request);
    if (node.empty()) return {};
    const std::string quoted = "\"" + node + "\"";
    if (!api::is_mirror_pod(*object)) {
      return refusal(request, *object,
                     std::string("pod does not have \"") + api::kConfigMirrorAnnotation + "\" annotation, node " +
                         quoted + " can only create mirror pods");
    }
    if (api::node_name_of(*object) != node) {
      return refusal(request, *object, "node " + quoted + " can only create pods with spec.nodeName set to itself");
    }
    const Json& owners = api::owner_references_of(*object);
    if (const std::string problem = problem_of_owners(owners, node, quoted); !problem.empty()) {
      return refusal(request, *object, problem);
    }
    if (auto same = check_uid(request, *object, registry, node); !same) return same;
    const std::string problem = problem_of_references(*object, quoted);
    if (!problem.empty()) return refusal(request, *object, problem);
    return {};
  }

 private:
  static api::Result<void> check_uid(const AdmissionRequest& request, const Json& pod, const Registry& registry,
                                     const std::string& node) {
    const ServedKind nodes = registry.kinds().find(api::kNodes);
    const auto record = registry.get(nodes, {"", node});
    if (!record) return record.error();
    const api::Result<api::ObjectPtr> live = registry.object(nodes, *record);
    if (!live) return live.error();
    const std::string expected = api::uid_of(**live);
    const std::string given = string_at(api::owner_references_of(pod)[0], {"uid"});
    if (given == expected) return {};
    return refusal(request, pod, "node " + node + " UID mismatch: expected " + expected + " got " + given);
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> node_restriction() { return std::make_unique<NodeRestriction>(); }

}  // namespace skiff::server
