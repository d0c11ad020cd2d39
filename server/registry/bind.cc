#include "api/views/meta.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

api::Result<void> validate_binding(const std::string& pod, const Json& binding) {
  api::FieldErrors errors;
  const std::string kind = string_at(binding, {"target", "kind"});
  if (!kind.empty() && kind != "Node") errors.not_supported("target.kind", kind, {"Node", "<empty>"});
  if (string_at(binding, {"target", "name"}).empty()) errors.required("target.name");
  if (!errors.empty()) return api::invalid("", "Binding", pod, errors);
  return {};
}

// Why this pod cannot be bound now, or empty.
std::string refusal(const Json& pod, const Json& binding) {
  const std::string name = string_at(pod, {"metadata", "name"});
  if (api::is_terminating(pod)) return "pod " + name + " is being deleted, cannot be assigned to a host";
  if (const std::string node = string_at(pod, {"spec", "nodeName"}); !node.empty()) {
    return "pod " + name + " is already assigned to node \"" + node + "\"";
  }
  if (const Json* gates = find(pod, {"spec", "schedulingGates"}); gates != nullptr && !gates->empty()) {
    return "pod " + name + " has non-empty .spec.schedulingGates";
  }
  const std::string uid = string_at(pod, {"metadata", "uid"});
  if (const std::string wanted = string_at(binding, {"metadata", "uid"}); !wanted.empty() && wanted != uid) {
    return "Precondition failed: UID in precondition: " + wanted + ", UID in object meta: " + uid;
  }
  return "";
}

void set_scheduled(Json& pod, TimePoint now) {
  Json& conditions = pod["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  const Json scheduled{{"type", "PodScheduled"},
                       {"status", "True"},
                       {"lastProbeTime", nullptr},
                       {"lastTransitionTime", format_time(now)}};
  for (Json& condition : conditions) {
    if (string_at(condition, {"type"}) == "PodScheduled") {
      condition = scheduled;
      return;
    }
  }
  conditions.push_back(scheduled);
}

}  // namespace

Task<api::Result<void>> Registry::bind(CallContext& context, api::NamespacedName pod, Json binding) {
  const ServedKind kind = impl_->kinds.find(api::kPods);
  if (auto valid = validate_binding(pod.name, binding); !valid) co_return valid.error();
  Impl::Decide decide = [&](const store::Record&, Json current) -> api::Result<Decision> {
    if (const std::string why = refusal(current, binding); !why.empty()) {
      return api::conflict("", "pods/binding", pod.name, why);
    }
    current["spec"]["nodeName"] = string_at(binding, {"target", "name"});
    if (const Json* annotations = find(binding, {"metadata", "annotations"}); annotations != nullptr) {
      current["metadata"]["annotations"].update(*annotations);
    }
    set_scheduled(current, impl_->clock.now());
    return Decision{std::move(current), false};
  };
  auto modified = co_await impl_->modify(context, *kind.kind, pod, std::move(decide));
  if (!modified) co_return modified.error();
  co_return api::Result<void>();
}

}  // namespace skiff::server
