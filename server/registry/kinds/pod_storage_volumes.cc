#include "api/go_syntax.h"
#include "server/registry/kinds/pod_spec.h"

#include <array>

// Volumes that storage outside of the node provides. Nothing here mounts them; their specifications are checked all the
// same, so that what is taken here is taken elsewhere.
namespace skiff::server {

namespace {

void validate_range(const Json& source, const char* name, std::int64_t max, const char* sentence,
                    const std::string& path, api::FieldErrors& errors) {
  const Json* value = find(source, {name});
  if (value != nullptr && (*value < 0 || *value > max)) errors.invalid(api::child(path, name), *value, sentence);
}

void validate_nfs(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const std::string export_path = string_at(source, {"path"});
  if (!export_path.starts_with('/')) {
    errors.invalid(api::child(path, "path"), export_path, "must be an absolute path");
  }
}

void validate_iscsi(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const std::string name = string_at(source, {"iqn"});
  if (!name.empty() && !name.starts_with("iqn") && !name.starts_with("eui") && !name.starts_with("naa")) {
    errors.invalid(api::child(path, "iqn"), name, "must be valid format starting with iqn, eui, or naa");
  }
  validate_range(source, "lun", 255, "must be between 0 and 255, inclusive", path, errors);
  const bool authenticates = bool_at(source, {"chapAuthDiscovery"}) || bool_at(source, {"chapAuthSession"});
  if (authenticates && !source.contains("secretRef")) errors.required(api::child(path, "secretRef"));
}

void validate_fc(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const Json& names = elements_of(source, "targetWWNs");
  const bool has_ids = !elements_of(source, "wwids").empty();
  const std::string names_path = api::child(path, "targetWWNs");
  if (names.empty() && !has_ids) errors.required(names_path, "must specify either targetWWNs or wwids, but not both");
  if (names.empty()) return;
  if (has_ids) {
    errors.invalid_as(names_path, api::go_string_list(names),
                      "targetWWNs and wwids can not be specified simultaneously");
  }
  if (!source.contains("lun")) {
    errors.required(api::child(path, "lun"), "lun is required if targetWWNs is specified");
  }
  validate_range(source, "lun", 255, "must be between 0 and 255, inclusive", path, errors);
}

void validate_flocker(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const std::string name = string_at(source, {"datasetName"});
  const std::string uuid = string_at(source, {"datasetUUID"});
  if (name.empty() && uuid.empty()) errors.required(path, "one of datasetName and datasetUUID is required");
  if (!name.empty() && !uuid.empty()) {
    errors.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
  }
  if (name.find('/') != std::string::npos) {
    errors.invalid(api::child(path, "datasetName"), name, "must not contain '/'");
  }
}

void validate_flex(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const Json* options = find(source, {"options"});
  if (options == nullptr) return;
  for (const auto& [name, value] : options->items()) {
    const std::string owner = "." + name.substr(0, name.find('/'));
    if (owner.ends_with(".kubernetes.io") || owner.ends_with(".k8s.io")) {
      errors.invalid(api::key(api::child(path, "options"), name), name,
                     "kubernetes.io and k8s.io namespaces are reserved");
    }
  }
}

void validate_ephemeral(const Json& source, const std::string& path, api::FieldErrors& errors) {
  if (!source.contains("volumeClaimTemplate")) errors.required(api::child(path, "volumeClaimTemplate"));
}

void validate_git(const Json& source, const std::string& path, api::FieldErrors& errors) {
  validate_descending_path(string_at(source, {"directory"}), api::child(path, "directory"), errors);
}

void validate_disk(const Json& source, const std::string& path, api::FieldErrors& errors) {
  validate_range(source, "partition", 255, "must be between 1 and 255, inclusive", path, errors);
}

struct Check {
  std::string_view type;
  void (*validate)(const Json& source, const std::string& path, api::FieldErrors& errors);
};

constexpr std::array<Check, 9> kChecks = {{{"awsElasticBlockStore", validate_disk},
                                           {"ephemeral", validate_ephemeral},
                                           {"fc", validate_fc},
                                           {"flexVolume", validate_flex},
                                           {"flocker", validate_flocker},
                                           {"gcePersistentDisk", validate_disk},
                                           {"gitRepo", validate_git},
                                           {"iscsi", validate_iscsi},
                                           {"nfs", validate_nfs}}};

}  // namespace

void validate_storage_source(const std::string& type, const Json& source, const std::string& path,
                             api::FieldErrors& errors) {
  for (const Check& check : kChecks) {
    if (check.type == type) check.validate(source, path, errors);
  }
}

}  // namespace skiff::server
