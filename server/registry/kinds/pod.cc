#include "api/views/pod.h"

#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/pod_update.h"
#include "server/registry/kinds/warnings.h"
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

// Only in pods: in templates upstream lets these pass, for those who fill them in later.
void validate_images(const Json& spec, api::FieldErrors& errors) {
  constexpr const char* kSpace = " \t\r\n\f\v";
  for_each_container(spec, [&](const Json& container, const std::string& place) {
    const std::string image = string_at(container, {"image"});
    if (image.empty()) return;
    if (image.find_first_not_of(kSpace) == 0 && image.find_last_not_of(kSpace) == image.size() - 1) return;
    errors.invalid(api::child(api::child("spec", place), "image"), image,
                   "must not have leading or trailing whitespace");
  });
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
    merge_label_keys(api::labels_of(object), object["spec"]);
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
    const Json& spec = object.at("spec");
    validate_pod_annotations(api::annotations_of(object), spec, "metadata.annotations", errors);
    validate_pod_spec(spec, "spec", errors);
    validate_images(spec, errors);
  }

  void validate_create(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    if (!elements_of(spec, "ephemeralContainers").empty()) {
      errors.forbidden("spec.ephemeralContainers", "cannot be set on create");
    }
    if (!string_at(spec, {"nodeName"}).empty() && !elements_of(spec, "schedulingGates").empty()) {
      errors.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
    }
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    validate_pod_update(object, old_object, errors);
  }

  // The subresource ephemeralcontainers changes nothing but them.
  void prepare_for_subresource_update(std::string_view, Json& object, const Json& old_object) const override {
    Json added = elements_of(object.at("spec"), "ephemeralContainers");
    object = old_object;
    if (added.empty()) {
      object["spec"].erase("ephemeralContainers");
    } else {
      object["spec"]["ephemeralContainers"] = std::move(added);
    }
  }

  // A status leaves the specification alone, so what differs there came through the subresource ephemeralcontainers.
  void validate_status_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    if (object.at("spec") != old_object.at("spec")) return validate_ephemeral_update(object, old_object, errors);
    validate_pod_status(object, old_object, errors);
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
    fields.front().indexed = true;  // every node watches its own pods
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

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    // People seldom update pods, and machines often.
    if (old_object != nullptr) return;
    warn_of_name(object, "the Pod's hostname", warnings);
    warn_of_pod(object, "", warnings);
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
  kind.subresources = {{"attach", "", "v1", "PodAttachOptions", {"create", "get"}},
                       {"binding", "", "v1", "Binding", {"create"}},
                       {"ephemeralcontainers", "", "", "", {"get", "patch", "update"}},
                       {"eviction", "policy", "v1", "Eviction", {"create"}},
                       {"exec", "", "v1", "PodExecOptions", {"create", "get"}},
                       {"portforward", "", "v1", "PodPortForwardOptions", {"create", "get"}},
                       {"log", "", "", "", {"get"}}};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<PodStrategy>();
  kind.table = pod_table();
  return kind;
}

}  // namespace skiff::server
