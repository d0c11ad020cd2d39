#include "nodeagent/static_pods/static_pod.h"

#include "api/base/ids.h"
#include "api/base/text.h"
#include "api/views/meta.h"
#include "api/views/static_pods.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

// As long as upstream's, which are MD5.
constexpr std::size_t kUidLength = 32;

Error invalid_pod(std::string what) { return {ErrorCode::kInvalid, "invalid pod: " + std::move(what)}; }

// Of the manifest as it was written: a default that changes with a version of skiff must not restart pods.
std::string uid_of_manifest(const Json& manifest, const ManifestSource& source) {
  std::string text = to_json_text(manifest);
  if (source.kind == ManifestSource::Kind::kFile) {
    text += "host:" + source.node_name;
    text += "file:" + source.place;
  } else {
    text += "url:" + source.place;
  }
  return sha256_hex(text).substr(0, kUidLength);
}

Json static_metadata(const Json& decoded, const std::string& uid, const ManifestSource& source, TimePoint now) {
  Json metadata = {{"name", api::name_of(decoded) + "-" + lower_case(source.node_name)},
                   {"namespace", api::namespace_of(decoded)},
                   {"uid", uid}};
  if (metadata["namespace"] == "") metadata["namespace"] = "default";
  if (!api::labels_of(decoded).empty()) metadata["labels"] = api::labels_of(decoded);
  Json annotations = api::annotations_of(decoded);
  annotations.erase(api::kConfigMirrorAnnotation);
  annotations[api::kConfigHashAnnotation] = uid;
  annotations[api::kConfigSeenAnnotation] = format_nano_time(now);
  annotations[api::kConfigSourceAnnotation] = source.kind == ManifestSource::Kind::kFile ? "file" : "http";
  metadata["annotations"] = std::move(annotations);
  return metadata;
}

// Trouble of the node is no reason for its static pods to leave it.
void tolerate_all(Json& spec) {
  const Json toleration = {{"operator", "Exists"}, {"effect", "NoExecute"}};
  Json& tolerations = spec["tolerations"];
  if (!tolerations.is_array()) tolerations = Json::array();
  if (std::find(tolerations.begin(), tolerations.end(), toleration) == tolerations.end()) {
    tolerations.push_back(toleration);
  }
}

bool is_pod_list(const Json& document) {
  return string_at(document, {"kind"}) == "PodList" && string_at(document, {"apiVersion"}) == "v1";
}

Result<std::vector<Json>> read_list(const Json& list, const ManifestSource& source, TimePoint now,
                                    const PodRules& rules) {
  std::vector<Json> pods;
  const Json* items = find(list, {"items"});
  if (items == nullptr) return pods;
  if (!items->is_array()) return invalid_pod("items is no list");
  for (const Json& item : *items) {
    auto pod = make_static_pod(item, source, now, rules);
    if (!pod) return pod.error();
    pods.push_back(std::move(*pod));
  }
  return pods;
}

Error cannot_parse(const ManifestSource& source, const std::string& why) {
  return {ErrorCode::kInvalid, source.place + ": couldn't parse as pod(" + why + "), please check config file"};
}

}  // namespace

Result<Json> make_static_pod(const Json& manifest, const ManifestSource& source, TimePoint now, const PodRules& rules) {
  auto decoded = rules.decode(manifest);
  if (!decoded) return cannot_parse(source, decoded.error().message);
  if (api::name_of(*decoded).empty()) return invalid_pod("name is needed for the pod");
  Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}};
  pod["metadata"] = static_metadata(*decoded, uid_of_manifest(manifest, source), source, now);
  pod["spec"] = decoded->value("spec", Json::object());
  pod["spec"]["nodeName"] = source.node_name;
  if (source.kind == ManifestSource::Kind::kFile) tolerate_all(pod["spec"]);
  if (auto valid = rules.validate(pod); !valid) return invalid_pod(valid.error().message);
  const std::vector<std::string> references = api::referenced_resources(pod);
  if (!references.empty()) {
    return Error{ErrorCode::kInvalid, "static pods may not reference " + references.front()};
  }
  return {boost::system::in_place_value, std::move(pod)};
}

Result<std::vector<Json>> read_static_pods(std::string_view text, const ManifestSource& source, TimePoint now,
                                           const PodRules& rules) {
  // JSON is YAML, but for the messages.
  const auto start = text.find_first_not_of(" \t\r\n");
  const bool is_json = start != std::string_view::npos && text[start] == '{';
  auto parsed = is_json ? parse_json(text) : parse_yaml(text);
  if (!parsed) return cannot_parse(source, parsed.error().message);
  if (source.kind == ManifestSource::Kind::kHttp && is_pod_list(parsed->value)) {
    return read_list(parsed->value, source, now, rules);
  }
  auto pod = make_static_pod(parsed->value, source, now, rules);
  if (!pod) return pod.error();
  std::vector<Json> pods;
  pods.push_back(std::move(*pod));
  return pods;
}

Json make_mirror_pod(const Json& static_pod, const Json& node) {
  Json mirror = static_pod;
  mirror.erase("status");
  Json& metadata = mirror["metadata"];
  metadata.erase("uid");
  metadata["annotations"][api::kConfigMirrorAnnotation] =
      string_at(metadata["annotations"], {api::kConfigHashAnnotation});
  metadata["ownerReferences"] = Json::array({{{"apiVersion", "v1"},
                                              {"kind", "Node"},
                                              {"name", api::name_of(node)},
                                              {"uid", api::uid_of(node)},
                                              {"controller", true}}});
  return mirror;
}

bool is_mirror_of(const Json& mirror, const Json& static_pod) {
  const std::string* shown = api::annotation_of(mirror, api::kConfigMirrorAnnotation);
  const std::string* hash = api::annotation_of(static_pod, api::kConfigHashAnnotation);
  return shown != nullptr && hash != nullptr && *shown == *hash;
}

}  // namespace skiff::nodeagent
