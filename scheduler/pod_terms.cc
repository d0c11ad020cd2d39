#include "scheduler/pod_terms.h"

#include "api/views/meta.h"
#include "scheduler/pod_traits.h"

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

namespace {

PodTerm parse_pod_term(const Json& object, const std::string& own_namespace) {
  PodTerm term;
  const Json* namespaces = find(object, {"namespaces"});
  if (namespaces != nullptr && namespaces->is_array()) {
    for (const Json& name : *namespaces) term.namespaces.push_back(name.get<std::string>());
  }
  if (const Json* selector = find(object, {"namespaceSelector"})) {
    term.namespace_selector = selector_of(selector);
  } else if (term.namespaces.empty()) {
    term.namespaces.push_back(own_namespace);
  }
  term.selector = selector_of(find(object, {"labelSelector"}));
  term.topology_key = string_at(object, {"topologyKey"});
  return term;
}

std::vector<PodTerm> required_terms(const Json& pod, const char* affinity) {
  std::vector<PodTerm> terms;
  const Json* list = find(pod, {"spec", "affinity", affinity, "requiredDuringSchedulingIgnoredDuringExecution"});
  if (list == nullptr || !list->is_array()) return terms;
  for (const Json& object : *list) terms.push_back(parse_pod_term(object, api::namespace_of(pod)));
  return terms;
}

void add_preferred_terms(const Json& pod, const char* affinity, std::int64_t sign, std::vector<PodTerm>& terms) {
  const Json* list = find(pod, {"spec", "affinity", affinity, "preferredDuringSchedulingIgnoredDuringExecution"});
  if (list == nullptr || !list->is_array()) return;
  for (const Json& object : *list) {
    const Json* term = find(object, {"podAffinityTerm"});
    if (term == nullptr) continue;
    terms.push_back(parse_pod_term(*term, api::namespace_of(pod)));
    terms.back().weight = sign * integer_at(object, {"weight"});
  }
}

// Which namespaces a term means depends on that of its pod.
std::string text_of(const Json& pod) {
  std::string text = api::namespace_of(pod);
  for (const char* affinity : {"podAffinity", "podAntiAffinity"}) {
    text += '\n';
    if (const Json* terms = find(pod, {"spec", "affinity", affinity})) text += to_json_text(*terms);
  }
  return text;
}

template <class Predicate>
bool any_term(const PodTerms& terms, const Predicate& predicate) {
  return std::any_of(terms.required_affinity.begin(), terms.required_affinity.end(), predicate) ||
         std::any_of(terms.required_anti_affinity.begin(), terms.required_anti_affinity.end(), predicate) ||
         std::any_of(terms.preferred.begin(), terms.preferred.end(), predicate);
}

}  // namespace

api::LabelSelector selector_of(const Json* object) {
  const auto selector = api::LabelSelector::from_object(object != nullptr ? *object : Json());
  return selector ? *selector : *api::LabelSelector::from_object(Json());
}

bool PodTerm::matches(const PodTraits& pod, const Namespaces& all) const {
  const bool is_named = std::find(namespaces.begin(), namespaces.end(), pod.namespace_) != namespaces.end();
  if (!is_named && !(namespace_selector && namespace_selector->matches(all.labels_of(pod.namespace_)))) return false;
  return selector.matches(pod.labels);
}

std::shared_ptr<const PodTerms> PodTerms::of_pod(const Json& pod) {
  if (find(pod, {"spec", "affinity", "podAffinity"}) == nullptr &&
      find(pod, {"spec", "affinity", "podAntiAffinity"}) == nullptr) {
    return nullptr;
  }
  PodTerms terms{required_terms(pod, "podAffinity"), required_terms(pod, "podAntiAffinity"), {}, text_of(pod)};
  add_preferred_terms(pod, "podAffinity", 1, terms.preferred);
  add_preferred_terms(pod, "podAntiAffinity", -1, terms.preferred);
  const bool none = terms.required_affinity.empty() && terms.required_anti_affinity.empty() && terms.preferred.empty();
  return none ? nullptr : std::make_shared<const PodTerms>(std::move(terms));
}

bool PodTerms::concern(const PodTraits& pod, const Namespaces& all) const {
  return any_term(*this, [&](const PodTerm& term) { return term.matches(pod, all); });
}

bool PodTerms::select_namespaces() const {
  return any_term(*this, [](const PodTerm& term) { return term.namespace_selector.has_value(); });
}

}  // namespace skiff::scheduler
