#include "server/controllers/stateful_set/identity.h"

#include "api/resource.h"
#include "api/views/meta.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace skiff::controllers {

namespace {

std::string pod_name(const Json& set, std::int64_t ordinal) {
  return api::name_of(set) + "-" + std::to_string(ordinal);
}

const Json& claim_templates(const Json& set) {
  static const Json none = Json::array();
  const Json* templates = find(set, {"spec", "volumeClaimTemplates"});
  return templates == nullptr ? none : *templates;
}

std::string claim_name(const Json& claim_template, const std::string& pod) {
  return api::name_of(claim_template) + "-" + pod;
}

// The template's volumes, those with the name of a claim template replaced by the pod's claim.
Json volumes_with_claims(const Json& set, const Json& pod_spec, const std::string& pod) {
  Json volumes = Json::array();
  std::set<std::string> claimed;
  for (const Json& claim_template : claim_templates(set)) {
    const std::string name = api::name_of(claim_template);
    claimed.insert(name);
    volumes.push_back(
        Json{{"name", name}, {"persistentVolumeClaim", {{"claimName", claim_name(claim_template, pod)}}}});
  }
  if (const Json* others = find(pod_spec, {"volumes"})) {
    for (const Json& volume : *others) {
      if (!claimed.contains(string_at(volume, {"name"}))) volumes.push_back(volume);
    }
  }
  return volumes;
}

bool deletes(const Json& set, const char* when) {
  return string_at(set, {"spec", "persistentVolumeClaimRetentionPolicy", when}) == "Delete";
}

Json reference_to(const char* api_version, const char* kind, const Json& owner) {
  return {{"apiVersion", api_version}, {"kind", kind}, {"name", api::name_of(owner)}, {"uid", api::uid_of(owner)}};
}

bool set_owner(Json& claim, const Json& reference, bool wanted) {
  Json owners = api::owner_references_of(claim);
  const auto found = std::find_if(owners.begin(), owners.end(),
                                  [&](const Json& owner) { return owner.at("uid") == reference.at("uid"); });
  if ((found != owners.end()) == wanted) return false;
  if (wanted) {
    owners.push_back(reference);
  } else {
    owners.erase(found);
  }
  claim["metadata"]["ownerReferences"] = std::move(owners);
  return true;
}

}  // namespace

OrdinalRange wanted_ordinals(const Json& set) {
  const std::int64_t start = integer_at(set, {"spec", "ordinals", "start"});
  return {start, start + integer_at(set, {"spec", "replicas"}, 1)};
}

std::optional<std::int64_t> ordinal_of(const Json& set, const Json& pod) {
  const std::string prefix = api::name_of(set) + "-";
  const std::string name = api::name_of(pod);
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int32_t ordinal = -1;
  const char* begin = name.data() + prefix.size();
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(begin, end, ordinal);
  const bool is_number = error == std::errc() && stop == end && ordinal >= 0 && std::to_string(ordinal) == begin;
  return is_number ? std::optional<std::int64_t>(ordinal) : std::nullopt;
}

std::string pod_revision_of(const Json& pod) {
  const std::string* revision = api::label_of(pod, kPodRevisionLabel);
  return revision == nullptr ? "" : *revision;
}

Json new_pod(const Json& set, std::int64_t ordinal, const std::string& revision) {
  const std::string name = pod_name(set, ordinal);
  Json metadata{{"name", name},
                {"namespace", api::namespace_of(set)},
                {"ownerReferences", Json::array({api::controller_reference(api::kStatefulSets, set)})}};
  for (const char* member : {"labels", "annotations", "finalizers"}) {
    const Json* value = find(set, {"spec", "template", "metadata", member});
    if (value != nullptr && !value->empty()) metadata[member] = *value;
  }
  Json pod{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", std::move(metadata)}};
  Json spec = set.at("spec").at("template").value("spec", Json::object());
  Json volumes = volumes_with_claims(set, spec, name);
  if (!volumes.empty()) spec["volumes"] = std::move(volumes);
  spec["hostname"] = name;
  if (const std::string service = string_at(set, {"spec", "serviceName"}); !service.empty()) {
    spec["subdomain"] = service;
  }
  pod["spec"] = std::move(spec);
  give_identity(pod, ordinal);
  pod["metadata"]["labels"][kPodRevisionLabel] = revision;
  return pod;
}

bool has_identity(const Json& pod) {
  const std::string* name = api::label_of(pod, kPodNameLabel);
  return name != nullptr && *name == api::name_of(pod);
}

void give_identity(Json& pod, std::int64_t ordinal) {
  const std::string name = api::name_of(pod);
  Json& labels = pod["metadata"]["labels"];
  labels[kPodNameLabel] = name;
  labels[kPodIndexLabel] = std::to_string(ordinal);
}

std::vector<Json> claims_of_pod(const Json& set, std::int64_t ordinal) {
  std::vector<Json> claims;
  const std::string pod = pod_name(set, ordinal);
  const Json* labels = find(set, {"spec", "selector", "matchLabels"});
  for (const Json& claim_template : claim_templates(set)) {
    Json claim = claim_template;
    claim.erase("status");
    claim["apiVersion"] = "v1";
    claim["kind"] = api::kPersistentVolumeClaims.kind;
    Json& metadata = claim["metadata"];
    metadata["name"] = claim_name(claim_template, pod);
    metadata["namespace"] = api::namespace_of(set);
    if (labels != nullptr) metadata["labels"].update(*labels);
    claims.push_back(std::move(claim));
  }
  return claims;
}

bool set_claim_owners(Json& claim, const Json& set, const Json& pod) {
  const std::optional<std::int64_t> ordinal = ordinal_of(set, pod);
  const bool is_scaled_away = ordinal && !wanted_ordinals(set).contains(*ordinal);
  const bool of_pod = deletes(set, "whenScaled") && is_scaled_away;
  const bool of_set = deletes(set, "whenDeleted") && !of_pod;
  const bool set_changed = set_owner(claim, reference_to("apps/v1", "StatefulSet", set), of_set);
  const bool pod_changed = set_owner(claim, reference_to("v1", "Pod", pod), of_pod);
  return set_changed || pod_changed;
}

bool is_stale_claim(const Json& claim, const Json& set, const std::string& pod_name) {
  if (!deletes(set, "whenScaled")) return false;
  const Json& owners = api::owner_references_of(claim);
  return std::any_of(owners.begin(), owners.end(), [&](const Json& owner) {
    return string_at(owner, {"kind"}) == "Pod" && string_at(owner, {"name"}) == pod_name;
  });
}

}  // namespace skiff::controllers
