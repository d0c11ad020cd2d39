#include "server/admission/plugins.h"

namespace skiff::server {

namespace {

constexpr std::int64_t kClusterCritical = 2'000'000'000;
constexpr std::int64_t kNodeCritical = kClusterCritical + 1000;

// The classes that exist in every cluster.
std::optional<std::int64_t> priority_of_class(const std::string& name) {
  if (name.empty()) return 0;
  if (name == "system-cluster-critical") return kClusterCritical;
  if (name == "system-node-critical") return kNodeCritical;
  return std::nullopt;
}

class Priority final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry&) const override {
    if (!creates_pod(request)) return {};
    Json& spec = (*object)["spec"];
    const std::string class_name = string_at(spec, {"priorityClassName"});
    const auto priority = priority_of_class(class_name);
    if (!priority) {
      return api::forbidden("", "pods", request.name.name, "no PriorityClass with name " + class_name + " was found");
    }
    if (spec.contains("priority") && spec["priority"] != *priority) {
      return api::forbidden("", "pods", request.name.name,
                            "the integer value of priority (" + to_json_text(spec["priority"]) +
                                ") must not be provided in pod spec; priority admission controller computed " +
                                std::to_string(*priority) + " from the given PriorityClass name");
    }
    spec["priority"] = *priority;
    if (!spec.contains("preemptionPolicy")) spec["preemptionPolicy"] = "PreemptLowerPriority";
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> priority() { return std::make_unique<Priority>(); }

}  // namespace skiff::server
