#include "api/quantity.h"
#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <array>
#include <set>

namespace skiff::server {

namespace {

constexpr std::int64_t kMaxMode = 0777;
constexpr std::int64_t kMinTokenSeconds = 600;
constexpr std::int64_t kMaxTokenSeconds = std::int64_t{1} << 32;

// The order in which upstream looks at the sources: the first that is set is taken for meant.
constexpr std::array<const char*, 30> kVolumeSources = {"emptyDir",
                                                        "hostPath",
                                                        "gitRepo",
                                                        "gcePersistentDisk",
                                                        "awsElasticBlockStore",
                                                        "secret",
                                                        "nfs",
                                                        "iscsi",
                                                        "glusterfs",
                                                        "flocker",
                                                        "persistentVolumeClaim",
                                                        "rbd",
                                                        "cinder",
                                                        "cephfs",
                                                        "quobyte",
                                                        "downwardAPI",
                                                        "fc",
                                                        "flexVolume",
                                                        "configMap",
                                                        "azureFile",
                                                        "vsphereVolume",
                                                        "photonPersistentDisk",
                                                        "portworxVolume",
                                                        "azureDisk",
                                                        "storageos",
                                                        "projected",
                                                        "scaleIO",
                                                        "csi",
                                                        "ephemeral",
                                                        "image"};

// What fieldRef may name in a file, besides single labels and annotations.
const std::vector<std::string> kVolumeFields = {"metadata.annotations", "metadata.labels", "metadata.name",
                                                "metadata.namespace", "metadata.uid"};

void validate_mode(const Json& owner, const char* name, const std::string& path, api::FieldErrors& errors) {
  const Json* mode = find(owner, {name});
  if (mode != nullptr && (*mode < 0 || *mode > kMaxMode)) {
    errors.invalid(api::child(path, name), *mode, "must be a number between 0 and 0777 (octal), both inclusive");
  }
}

// A file of a volume; names that begin with ".." are the system's.
void validate_file_path(const std::string& file, const std::string& path, api::FieldErrors& errors) {
  validate_descending_path(file, path, errors);
  if (file.starts_with("..") && !file.starts_with("../")) errors.invalid(path, file, "must not start with '..'");
}

void validate_items(const Json& source, const std::string& path, api::FieldErrors& errors) {
  for_each_element(source, "items", path, [&](const Json& item, const std::string& item_path) {
    validate_file_path(string_at(item, {"path"}), api::child(item_path, "path"), errors);
    validate_mode(item, "mode", item_path, errors);
  });
}

void require_name(const Json& source, const char* name, const std::string& path, api::FieldErrors& errors) {
  if (string_at(source, {name}).empty()) errors.required(api::child(path, name));
}

// Upstream's path is that of the volume, or source, not that of the file.
void validate_downward_files(const Json& source, const std::string& path, api::FieldErrors& errors) {
  for (const Json& file : elements_of(source, "items")) {
    const Json* field = find(file, {"fieldRef"});
    const Json* resource = find(file, {"resourceFieldRef"});
    const std::string file_path = string_at(file, {"path"});
    if (file_path.empty()) errors.required(api::child(path, "path"));
    validate_file_path(file_path, api::child(path, "path"), errors);
    if (field != nullptr) {
      validate_field_reference(*field, kVolumeFields, api::child(path, "fieldRef"), errors);
      if (resource != nullptr) {
        errors.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
      }
    } else if (resource != nullptr) {
      validate_resource_reference(*resource, true, api::child(path, "resourceFieldRef"), errors);
    } else {
      errors.required(path, "one of fieldRef and resourceFieldRef is required");
    }
    validate_mode(file, "mode", path, errors);
  }
}

void validate_token_source(const Json& token, const std::string& path, const std::string& volume_path,
                           api::FieldErrors& errors) {
  const std::int64_t seconds = integer_at(token, {"expirationSeconds"});
  const std::string seconds_path = api::child(path, "expirationSeconds");
  if (seconds < kMinTokenSeconds) {
    errors.invalid(seconds_path, seconds, "may not specify a duration less than 10 minutes");
  } else if (seconds > kMaxTokenSeconds) {
    errors.invalid(seconds_path, seconds, "may not specify a duration larger than 2^32 seconds");
  }
  const std::string file = string_at(token, {"path"});
  if (file.empty()) {
    errors.required(api::child(volume_path, "path"));
  } else {
    validate_file_path(file, api::child(volume_path, "path"), errors);
  }
}

// Several sources in one directory: their files must not collide.
class ProjectedSources {
 public:
  ProjectedSources(std::string path, api::FieldErrors& errors) : path_(std::move(path)), errors_(errors) {}

  void validate(const Json& source, const std::string& path) {
    for (const char* name : {"secret", "configMap"}) {
      const Json* keyed = find(source, {name});
      if (keyed == nullptr) continue;
      require_name(*keyed, "name", api::child(path, name), errors_);
      validate_items(*keyed, api::child(path, name), errors_);
      take_paths(*keyed, string_at(*keyed, {"name"}));
    }
    if (const Json* downward = find(source, {"downwardAPI"})) {
      validate_downward_files(*downward, api::child(path, "downwardAPI"), errors_);
      take_paths(*downward, "");
    }
    if (const Json* token = find(source, {"serviceAccountToken"})) {
      validate_token_source(*token, api::child(path, "serviceAccountToken"), path_, errors_);
    }
    if (source.size() > 1) errors_.forbidden(path, "may not specify more than 1 volume type per source");
  }

 private:
  // `owner` is shown with a collision; the path itself when it is empty.
  void take_paths(const Json& source, const std::string& owner) {
    for (const Json& item : elements_of(source, "items")) {
      const std::string file = string_at(item, {"path"});
      if (file.empty() || paths_.insert(file).second) continue;
      errors_.invalid(path_, owner.empty() ? file : owner, "conflicting duplicate paths");
    }
  }

  std::string path_;
  api::FieldErrors& errors_;
  std::set<std::string> paths_;
};

void validate_empty_dir(const Json& source, const std::string& path, api::FieldErrors& errors) {
  const auto limit = api::Quantity::parse(string_at(source, {"sizeLimit"}, "0"));
  if (limit && limit->is_negative()) {
    errors.forbidden(api::child(path, "sizeLimit"), "SizeLimit field must be a valid resource quantity");
  }
}

void validate_source(const std::string& type, const Json& source, const std::string& path, api::FieldErrors& errors) {
  if (type == "emptyDir") {
    validate_empty_dir(source, path, errors);
  } else if (type == "configMap" || type == "secret") {
    require_name(source, type == "secret" ? "secretName" : "name", path, errors);
    validate_mode(source, "defaultMode", path, errors);
    validate_items(source, path, errors);
  } else if (type == "hostPath") {
    validate_no_backsteps(string_at(source, {"path"}), api::child(path, "path"), errors);
  } else if (type == "downwardAPI") {
    validate_mode(source, "defaultMode", path, errors);
    validate_downward_files(source, path, errors);
  } else if (type == "projected") {
    validate_mode(source, "defaultMode", path, errors);
    ProjectedSources sources(path, errors);
    for_each_element(source, "sources", path,
                     [&](const Json& each, const std::string& own_path) { sources.validate(each, own_path); });
  } else {
    validate_storage_source(type, source, path, errors);
  }
}

}  // namespace

void validate_volumes(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  for_each_element(spec, "volumes", path, [&](const Json& volume, const std::string& own_path) {
    bool found = false;
    for (const char* type : kVolumeSources) {
      const auto source = volume.find(type);
      if (source == volume.end()) continue;
      const std::string source_path = api::child(own_path, type);
      if (found) {
        errors.forbidden(source_path, "may not specify more than 1 volume type");
      } else {
        validate_source(type, *source, source_path, errors);
      }
      found = true;
    }
    if (!found) errors.required(own_path, "must specify a volume type");
  });
}

}  // namespace skiff::server
