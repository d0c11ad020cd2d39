#include "api/views/pod.h"

#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/tables/tables.h"

#include <algorithm>

namespace skiff::server {

namespace {

// A pod's limits are its requests where it has none; templates are left alone, so that changing a limit there is
// enough.
void default_requests(Json& container) {
  const Json* limits = find(container, {"resources", "limits"});
  if (limits == nullptr) return;
  const Json copy = *limits;
  Json& requests = container["resources"]["requests"];
  if (!requests.is_object()) requests = Json::object();
  for (const auto& [name, value] : copy.items()) {
    if (!requests.contains(name)) requests[name] = value;
  }
  if (requests.empty()) container["resources"].erase("requests");
}

void default_host_ports(Json& container) {
  const auto ports = container.find("ports");
  if (ports == container.end()) return;
  for (Json& port : *ports) {
    if (!port.contains("hostPort") && port.contains("containerPort")) port["hostPort"] = port["containerPort"];
  }
}

// The specification without what an update may change, for comparison.
Json without_changeable(const Json& spec, const Json& old_spec) {
  Json copy = spec;
  for (const char* list : {"containers", "initContainers"}) {
    const auto containers = copy.find(list);
    const Json* old_containers = find(old_spec, {list});
    if (containers == copy.end() || old_containers == nullptr || containers->size() != old_containers->size()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i) {
      (*containers)[i]["image"] = (*old_containers)[i].value("image", Json(""));
    }
  }
  for (const char* name : {"activeDeadlineSeconds", "tolerations"}) {
    copy.erase(name);
    if (const Json* old_value = find(old_spec, {name})) copy[name] = *old_value;
  }
  if (integer_at(old_spec, {"terminationGracePeriodSeconds"}) < 0 &&
      integer_at(copy, {"terminationGracePeriodSeconds"}) == 1) {
    copy["terminationGracePeriodSeconds"] = old_spec["terminationGracePeriodSeconds"];
  }
  return copy;
}

void validate_deadline_update(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  constexpr const char* kPath = "spec.activeDeadlineSeconds";
  const Json* old_deadline = find(old_spec, {"activeDeadlineSeconds"});
  if (old_deadline == nullptr) return;
  const Json* deadline = find(spec, {"activeDeadlineSeconds"});
  if (deadline == nullptr) {
    errors.invalid(kPath, nullptr, "must not update from a positive integer to nil value");
  } else if (*deadline > *old_deadline) {
    errors.invalid(kPath, *deadline, "must be less than or equal to previous value");
  }
}

// Tolerations may be added, and NoExecute ones may change their seconds.
void validate_toleration_update(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  const Json tolerations = spec.value("tolerations", Json::array());
  for (const Json& old_toleration : old_spec.value("tolerations", Json::array())) {
    auto same = [&old_toleration](Json candidate) {
      Json expected = old_toleration;
      if (string_at(expected, {"effect"}) == "NoExecute") {
        expected.erase("tolerationSeconds");
        candidate.erase("tolerationSeconds");
      }
      return candidate == expected;
    };
    if (std::none_of(tolerations.begin(), tolerations.end(), same)) {
      return errors.forbidden("spec.tolerations",
                              "existing toleration can not be modified except its tolerationSeconds");
    }
  }
}

class PodStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    Json& spec = object["spec"];
    default_pod_spec(spec);
    // Templates do without, as upstream.
    if (!spec.contains("enableServiceLinks")) spec["enableServiceLinks"] = true;
    const bool host_network = bool_at(spec, {"hostNetwork"});
    for_each_container(spec, [host_network](Json& container, const std::string&) {
      default_requests(container);
      if (host_network) default_host_ports(container);
    });
  }

  void prepare_for_create(Json& object, TimePoint) const override {
    const Json& spec = object["spec"];
    object["status"] = Json{{"phase", "Pending"}, {"qosClass", api::compute_qos_class(object)}};
    if (const Json* gates = find(spec, {"schedulingGates"}); gates != nullptr && !gates->empty()) {
      object["status"]["conditions"] =
          Json::array({{{"type", "PodScheduled"},
                        {"status", "False"},
                        {"lastProbeTime", nullptr},
                        {"lastTransitionTime", nullptr},
                        {"reason", "SchedulingGated"},
                        {"message", "Scheduling is blocked due to non-empty scheduling gates"}}});
    }
  }

  void prepare_for_status_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_status_update(object, old_object, now);
    Json& metadata = object["metadata"];
    metadata.erase("ownerReferences");
    if (const Json* owners = find(old_object, {"metadata", "ownerReferences"})) metadata["ownerReferences"] = *owners;
    // Fixed at creation.
    if (const Json* qos = find(old_object, {"status", "qosClass"})) object["status"]["qosClass"] = *qos;
  }

  [[nodiscard]] api::managed_fields::FieldSet reset_fields(std::string_view subresource) const override {
    if (subresource == "status") {
      return api::managed_fields::FieldSet{
          {"spec"}, {"metadata", "deletionTimestamp"}, {"metadata", "ownerReferences"}};
    }
    return Strategy::reset_fields(subresource);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_pod_spec(object.at("spec"), "spec", errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const Json& old_spec = old_object.at("spec");
    validate_deadline_update(spec, old_spec, errors);
    validate_toleration_update(spec, old_spec, errors);
    // Upstream adds a textual difference that it declares to be unstable; we leave it out.
    if (without_changeable(spec, old_spec) != old_spec) {
      errors.forbidden(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,"
          "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
          "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
          "previously negative)");
    }
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = make_fields();
    return fields;
  }

  // Nobody needs to confirm the end of a pod that no node has, or that has ended.
  [[nodiscard]] std::optional<std::int64_t> deletion_grace_seconds(
      const Json& object, std::optional<std::int64_t> requested) const override {
    if (api::node_name_of(object).empty() || api::is_pod_terminated(object)) return 0;
    const std::int64_t seconds = requested.value_or(integer_at(object, {"spec", "terminationGracePeriodSeconds"}));
    return seconds < 0 ? 1 : seconds;
  }

 private:
  static std::vector<SelectableField> make_fields() {
    std::vector<SelectableField> fields;
    for (const char* member : {"nodeName", "restartPolicy", "schedulerName", "serviceAccountName"}) {
      fields.push_back({api::child("spec", member), [member](const Json& object) {
                          return string_at(object, {"spec", member});
                        }});
    }
    fields.push_back({"spec.hostNetwork", [](const Json& object) {
                        return std::string(bool_at(object, {"spec", "hostNetwork"}) ? "true" : "false");
                      }});
    for (const char* member : {"phase", "podIP", "nominatedNodeName"}) {
      fields.push_back({api::child("status", member), [member](const Json& object) {
                          return string_at(object, {"status", member});
                        }});
    }
    fields.push_back({"status.podIPs", [](const Json& object) { return string_at(object, {"status", "podIP"}); }});
    return fields;
  }
};

}  // namespace

Kind pod_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Pod";
  kind.plural = "pods";
  kind.singular = "pod";
  kind.short_names = {"po"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "Pod")};
  kind.subresources = {{"binding", "", "v1", "Binding", {"create"}},
                       {"eviction", "policy", "v1", "Eviction", {"create"}},
                       {"log", "", "", "", {"get"}}};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<PodStrategy>();
  kind.table = pod_table();
  return kind;
}

}  // namespace skiff::server
