#include "api/field_error.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/warnings.h"

#include <map>
#include <set>

namespace skiff::server {

namespace {

struct DeprecatedMember {
  const char* name;
  std::string_view text;
};

constexpr DeprecatedMember kDeprecatedAnnotations[] = {
    {"scheduler.alpha.kubernetes.io/critical-pod",
     "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
    {"security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
    {"security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
};

constexpr DeprecatedMember kDeprecatedVolumes[] = {
    {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    {"gitRepo", "deprecated in v1.11"},
    {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    {"flocker", "deprecated in v1.22, non-functional in v1.25+"},
    {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
    {"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
    {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
    {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    {"rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

constexpr const char* kSeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr const char* kSeccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
constexpr const char* kAppArmorContainer = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kUseSeccompProfile = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
constexpr std::string_view kUseAppArmorProfile = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
constexpr std::string_view kNullSelector = "a null labelSelector results in matching no pod";

// An empty object where there is none.
const Json& object_at(const Json& object, std::initializer_list<std::string_view> path) {
  static const Json none = Json::object();
  const Json* found = find(object, path);
  return found != nullptr && found->is_object() ? *found : none;
}

// Walks one pod or template.
class PodWarnings {
 public:
  PodWarnings(const Json& pod, const std::string& path, std::vector<std::string>& warnings)
      : spec_(object_at(pod, {"spec"})),
        annotations_(object_at(pod, {"metadata", "annotations"})),
        spec_path_(api::child(path, "spec")),
        annotations_path_(api::child(path, "metadata.annotations")),
        warnings_(warnings) {}

  // In upstream's order.
  void find_all() {
    find_node_labels();
    find_spreading();
    find_annotations();
    find_volumes();
    find_repeated("hostAliases", "ip", "duplicate ip ");
    find_repeated("imagePullSecrets", "name", "duplicate name ");
    find_nameless_secrets();
    for (const char* resource : {"memory", "ephemeral-storage"}) {
      warn_of_fractional_bytes(find(spec_, {"overhead"}), resource, api::child(spec_path_, "overhead"), warnings_);
    }
    if (!has(spec_, {"securityContext", "seccompProfile"})) annotated(kSeccompPod, kUseSeccompProfile);
    each_container([this](const Json& container, const std::string& path) { find_in_container(container, path); });
    each_container([this](const Json& container, const std::string& path) { find_ports(container, path); });
    if (integer_at(spec_, {"terminationGracePeriodSeconds"}) < 0) {
      warn(api::child(spec_path_, "terminationGracePeriodSeconds"),
           "must be >= 0; negative values are invalid and will be treated as 1");
    }
    for (const char* kind : {"podAffinity", "podAntiAffinity"}) find_null_selectors(kind);
  }

 private:
  static bool has(const Json& object, std::initializer_list<std::string_view> path) {
    return find(object, path) != nullptr;
  }

  void warn(const std::string& path, std::string_view text) { warn_at(path, text, warnings_); }

  void annotated(const std::string& annotation, std::string_view text) {
    if (annotations_.contains(annotation)) warn(api::key(annotations_path_, annotation), text);
  }

  template <class Visit>
  void each_container(Visit visit) const {
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
      for_each_element(spec_, list, spec_path_, visit);
    }
  }

  void find_node_labels() {
    for (const auto& [label, value] : object_at(spec_, {"nodeSelector"}).items()) {
      warn_of_node_label(label, api::key(api::child(spec_path_, "nodeSelector"), label), warnings_);
    }
    const Json& affinity = object_at(spec_, {"affinity", "nodeAffinity"});
    const std::string path = api::child(spec_path_, "affinity.nodeAffinity");
    const std::string required = api::child(path, "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    const Json* terms = find(affinity, {"requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
    if (terms != nullptr) warn_of_node_selector_terms(*terms, required, warnings_);
    for_each_element(affinity, "preferredDuringSchedulingIgnoredDuringExecution", path,
                     [this](const Json& term, const std::string& at) {
                       const Json* preference = find(term, {"preference"});
                       if (preference != nullptr) find_preference(*preference, api::child(at, "preference"));
                     });
  }

  void find_preference(const Json& preference, const std::string& path) {
    for_each_element(preference, "matchExpressions", path, [this](const Json& expression, const std::string& at) {
      find_deprecated_key(string_at(expression, {"key"}), api::child(at, "key"));
    });
  }

  void find_deprecated_key(const std::string& key, const std::string& path) {
    const std::size_t known = warnings_.size();
    warn_of_node_label(key, path, warnings_);
    if (warnings_.size() > known) warnings_.back().insert(path.size() + 2, key + " is ");
  }

  void find_spreading() {
    for_each_element(spec_, "topologySpreadConstraints", spec_path_, [this](const Json& each, const std::string& path) {
      find_deprecated_key(string_at(each, {"topologyKey"}), api::child(path, "topologyKey"));
      if (!each.contains("labelSelector")) warn(api::child(path, "labelSelector"), kNullSelector);
    });
  }

  void find_annotations() {
    for (const DeprecatedMember& annotation : kDeprecatedAnnotations) annotated(annotation.name, annotation.text);
  }

  void find_volumes() {
    for_each_element(spec_, "volumes", spec_path_, [this](const Json& volume, const std::string& path) {
      for (const DeprecatedMember& source : kDeprecatedVolumes) {
        if (volume.contains(source.name)) warn(api::child(path, source.name), source.text);
      }
      if (const Json* claim = find(volume, {"ephemeral", "volumeClaimTemplate", "spec"})) {
        warn_of_claim(*claim, api::child(path, "ephemeral.volumeClaimTemplate.spec"), warnings_);
      }
    });
    find_token_paths();
  }

  // Files of a projected volume that lie where a service account's token does.
  void find_token_paths() {
    std::set<std::string> tokens;
    each_source([&](const Json& source, const std::string&) {
      if (has(source, {"serviceAccountToken"})) tokens.insert(string_at(source, {"serviceAccountToken", "path"}));
    });
    if (tokens.empty()) return;
    const auto check = [&](const std::string& file, const std::string& path) {
      if (!tokens.contains(file)) return;
      warn(path, "has duplicated path with ServiceAccountToken " + to_json_text(file));
    };
    each_source([&](const Json& source, const std::string& sources) {
      // Upstream calls one of the members so.
      for (const auto& [member, shown] :
           {std::pair{"configMap", "configMap"}, std::pair{"secret", "secrets"}, {"downwardAPI", "downwardAPI"}}) {
        const Json& items = elements_of(object_at(source, {member}), "items");
        for (std::size_t i = 0; i < items.size(); ++i) {
          check(string_at(items[i], {"path"}), api::index(api::child(sources, shown), i));
        }
      }
      if (has(source, {"clusterTrustBundle"})) {
        check(string_at(source, {"clusterTrustBundle", "path"}), api::child(sources, "ClusterTrustBundle"));
      }
    });
  }

  // Calls `visit(source, path of the list)` for the sources of all projected volumes.
  template <class Visit>
  void each_source(Visit visit) const {
    for_each_element(spec_, "volumes", spec_path_, [&](const Json& volume, const std::string& path) {
      const Json& sources = elements_of(object_at(volume, {"projected"}), "sources");
      for (const Json& source : sources) visit(source, api::child(path, "projected.sources"));
    });
  }

  void find_repeated(const char* list, const char* member, const std::string& what) {
    std::set<std::string> seen;
    for_each_element(spec_, list, spec_path_, [&](const Json& each, const std::string& path) {
      const std::string value = string_at(each, {member});
      if (!seen.insert(value).second) warn(api::child(path, member), what + to_json_text(value));
    });
  }

  void find_nameless_secrets() {
    for_each_element(spec_, "imagePullSecrets", spec_path_, [this](const Json& secret, const std::string& path) {
      if (string_at(secret, {"name"}).empty()) warn(api::child(path, "name"), "invalid empty name \"\"");
    });
  }

  void find_in_container(const Json& container, const std::string& path) {
    const std::string name = string_at(container, {"name"});
    if (!has(container, {"securityContext", "seccompProfile"})) annotated(kSeccompContainer + name, kUseSeccompProfile);
    if (!has(container, {"securityContext", "appArmorProfile"}) &&
        !has(spec_, {"securityContext", "appArmorProfile"})) {
      annotated(kAppArmorContainer + name, kUseAppArmorProfile);
    }
    const std::string resources = api::child(path, "resources");
    for (const char* resource : {"memory", "ephemeral-storage"}) {
      for (const char* side : {"limits", "requests"}) {
        warn_of_fractional_bytes(find(container, {"resources", side}), resource, api::child(resources, side),
                                 warnings_);
      }
    }
    find_hidden_variables(container, path);
  }

  // A second definition is meant only when it builds on the first.
  void find_hidden_variables(const Json& container, const std::string& path) {
    std::set<std::string> seen;
    for_each_element(container, "env", path, [&](const Json& variable, const std::string& at) {
      const std::string name = string_at(variable, {"name"});
      if (seen.insert(name).second) return;
      const std::string reference = "$(" + name + ")";
      const std::string value = string_at(variable, {"value"});
      const bool builds_on = value != reference && value.find(reference) != std::string::npos;
      if (builds_on && !variable.contains("valueFrom")) return;
      warn(at, "hides previous definition of " + to_json_text(name) + ", which may be dropped when using apply");
    });
  }

  struct Port {
    std::string path;
    std::string host_ip;
    std::int64_t host_port = 0;
  };

  void find_ports(const Json& container, const std::string& path) {
    for_each_element(container, "ports", path, [this](const Json& port, const std::string& at) {
      Port here{at, string_at(port, {"hostIP"}), integer_at(port, {"hostPort"})};
      const std::string number = std::to_string(integer_at(port, {"containerPort"}));
      const std::string protocol = string_at(port, {"protocol"});
      if (!here.host_ip.empty() && here.host_port == 0) {
        warn(at, "hostIP set without hostPort: {Name:" + string_at(port, {"name"}) +
                     " HostPort:0 ContainerPort:" + number + " Protocol:" + protocol + " HostIP:" + here.host_ip + "}");
      }
      std::vector<Port>& others = ports_[number + "/" + protocol];
      for (const Port& other : others) find_clash(here, other);
      others.push_back(std::move(here));
    });
  }

  void find_clash(const Port& port, const Port& other) {
    if (port.host_ip == other.host_ip && port.host_port == other.host_port) {
      warn(port.path, "duplicate port definition with " + other.path);
    } else if (port.host_port == 0 || other.host_port == 0) {
      warn(port.path, "overlapping port definition with " + other.path);
    } else if (port.host_port == other.host_port && port.host_ip.empty() != other.host_ip.empty()) {
      warn(port.path, "dangerously ambiguous port definition with " + other.path);
    }
  }

  void find_null_selectors(const char* kind) {
    const Json& affinity = object_at(spec_, {"affinity", kind});
    const std::string path = api::child(api::child(spec_path_, "affinity"), kind);
    for_each_element(affinity, "requiredDuringSchedulingIgnoredDuringExecution", path,
                     [this](const Json& term, const std::string& at) {
                       if (!has(term, {"labelSelector"})) warn(api::child(at, "labelSelector"), kNullSelector);
                     });
    for_each_element(affinity, "preferredDuringSchedulingIgnoredDuringExecution", path,
                     [this](const Json& term, const std::string& at) {
                       if (has(term, {"podAffinityTerm", "labelSelector"})) return;
                       warn(api::child(at, "podAffinityTerm.labelSelector"), kNullSelector);
                     });
  }

  const Json& spec_;
  const Json& annotations_;
  const std::string spec_path_;
  const std::string annotations_path_;
  std::vector<std::string>& warnings_;
  std::map<std::string, std::vector<Port>> ports_;  // by number and protocol
};

}  // namespace

void warn_of_pod(const Json& pod, const std::string& path, std::vector<std::string>& warnings) {
  PodWarnings(pod, path, warnings).find_all();
}

}  // namespace skiff::server
