#include "server/handlers/api_resources.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace skiff::server {
namespace {

const std::vector<std::string> kAllVerbs = {"create", "delete", "deletecollection", "get",
                                            "list",   "patch",  "update",           "watch"};
const std::vector<std::string> kObjectVerbs = {"get", "patch", "update"};

// Kubernetes' order of versions: v2 before v1 before v2beta1 before v1beta2 before v1alpha1.
struct VersionRank {
  int stability = 0;  // 3: v1, 2: v1beta1, 1: v1alpha1, 0: none of these
  int major = 0;
  int minor = 0;

  friend auto operator<=>(const VersionRank&, const VersionRank&) = default;
};

// The number at the front of `text`, which it is taken off; 0 when there is none.
int take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc() ? number : 0;
}

VersionRank rank_of(std::string_view version) {
  VersionRank rank;
  if (!version.starts_with('v')) return rank;
  version.remove_prefix(1);
  rank.major = take_number(version);
  if (version.empty()) {
    rank.stability = 3;
  } else if (version.starts_with("beta")) {
    rank.stability = 2;
    version.remove_prefix(4);
  } else if (version.starts_with("alpha")) {
    rank.stability = 1;
    version.remove_prefix(5);
  }
  rank.minor = take_number(version);
  return rank;
}

std::vector<ApiSubresource> subresources_of(const ServedKind& served) {
  const Kind& kind = *served.kind;
  const ServedVersion& version = *served.version;
  std::vector<ApiSubresource> subresources;
  if (kind.has_status) {
    subresources.push_back({"status", version.group, version.version, kind.kind, kObjectVerbs});
  }
  if (kind.scale) subresources.push_back({"scale", "autoscaling", "v1", "Scale", kObjectVerbs});
  for (const Kind::Subresource& each : kind.subresources) {
    ApiSubresource subresource{each.name, each.group, each.version, each.kind, each.verbs};
    if (each.kind.empty()) {
      subresource = {each.name, version.group, version.version, kind.kind, each.verbs};
    }
    subresources.push_back(std::move(subresource));
  }
  std::sort(subresources.begin(), subresources.end(),
            [](const ApiSubresource& a, const ApiSubresource& b) { return a.name < b.name; });
  return subresources;
}

ApiResource resource_of(const ServedKind& served) {
  const Kind& kind = *served.kind;
  ApiResource resource;
  resource.group = served.version->group;
  resource.version = served.version->version;
  resource.kind = kind.kind;
  resource.plural = kind.plural;
  resource.singular = kind.singular;
  resource.namespaced = kind.namespaced;
  resource.short_names = kind.short_names;
  resource.categories = kind.categories;
  resource.verbs = kind.verbs.empty() ? kAllVerbs : kind.verbs;
  resource.subresources = subresources_of(served);
  resource.served = served;
  return resource;
}

// A resource that can only be created, and of which nothing is kept but what `create` does.
struct CreateOnly {
  std::string_view group, version;
  std::string_view kind, plural, singular;
  bool namespaced;
  Verb create;
};

// Upstream's first way to bind a pod, whose name stands in the Binding.
constexpr CreateOnly kBindings{"", "v1", "Binding", "bindings", "binding", true, bind_pod};

constexpr CreateOnly kReviews[] = {
    {"authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", false, review_self},
    {"authentication.k8s.io", "v1", "TokenReview", "tokenreviews", "tokenreview", false, review_token},
    {"authentication.k8s.io", "v1beta1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", false,
     review_self},
    {"authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview",
     true, review_local_access},
    {"authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     false, review_own_access},
    {"authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview", false,
     review_own_rules},
    {"authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview", false,
     review_access},
};

ApiResource resource_of(const CreateOnly& only, const ServedKind& served) {
  ApiResource resource;
  resource.group = only.group;
  resource.version = only.version;
  resource.kind = only.kind;
  resource.plural = only.plural;
  resource.singular = only.singular;
  resource.namespaced = only.namespaced;
  resource.verbs = {"create"};
  resource.served = served;
  resource.own_verbs = {{"create", only.create}};
  return resource;
}

ApiResource metrics_resource(const char* kind, const char* plural, bool namespaced, std::vector<OwnVerb> verbs) {
  ApiResource resource;
  resource.group = "metrics.k8s.io";
  resource.version = "v1beta1";
  resource.kind = kind;
  resource.plural = plural;
  resource.namespaced = namespaced;
  for (const OwnVerb& own : verbs) resource.verbs.emplace_back(own.verb);
  resource.own_verbs = std::move(verbs);
  return resource;
}

// The place of each group is that of its first kind; core comes first, having a path of its own.
std::vector<std::string> groups_in_order(const std::vector<ApiResource>& resources) {
  std::vector<std::string> groups = {""};
  for (const ApiResource& resource : resources) {
    if (std::find(groups.begin(), groups.end(), resource.group) == groups.end()) groups.push_back(resource.group);
  }
  return groups;
}

}  // namespace

const ApiSubresource* ApiResource::find_subresource(std::string_view name) const {
  const auto found = std::find_if(subresources.begin(), subresources.end(),
                                  [&](const ApiSubresource& each) { return each.name == name; });
  return found == subresources.end() ? nullptr : &*found;
}

std::vector<ApiResource> api_resources_of(const KindTable& kinds) {
  std::vector<ApiResource> resources;
  for (const Kind& kind : kinds.all()) {
    for (const ServedVersion& version : kind.versions) resources.push_back(resource_of({&kind, &version}));
  }
  if (const ServedKind pods = kinds.find("", "v1", "pods")) resources.push_back(resource_of(kBindings, pods));
  for (const CreateOnly& review : kReviews) resources.push_back(resource_of(review, ServedKind()));
  resources.push_back(
      metrics_resource("NodeMetrics", "nodes", false, {{"get", get_node_metrics}, {"list", list_node_metrics}}));
  resources.push_back(
      metrics_resource("PodMetrics", "pods", true, {{"get", get_pod_metrics}, {"list", list_pod_metrics}}));

  const std::vector<std::string> groups = groups_in_order(resources);
  const auto place = [&](const ApiResource& resource) {
    const auto group = std::find(groups.begin(), groups.end(), resource.group) - groups.begin();
    return std::tuple(group, rank_of(resource.version));
  };
  std::sort(resources.begin(), resources.end(), [&](const ApiResource& a, const ApiResource& b) {
    const auto [a_group, a_rank] = place(a);
    const auto [b_group, b_rank] = place(b);
    if (a_group != b_group) return a_group < b_group;
    if (a_rank != b_rank) return a_rank > b_rank;
    return std::tie(a.version, a.plural) < std::tie(b.version, b.plural);
  });
  return resources;
}

}  // namespace skiff::server
