#include "scheduler/pod_traits.h"

#include "api/views/meta.h"

namespace skiff::scheduler {

std::shared_ptr<const PodTraits> PodTraits::of_pod(const Json& pod) {
  PodTraits traits{api::namespace_of(pod), api::label_attributes(pod), PodTerms::of_pod(pod), api::namespace_of(pod)};
  for (const auto& [name, value] : traits.labels) {
    traits.text += '\n';
    traits.text += name;
    traits.text += '=';
    traits.text += value;
  }
  if (traits.terms) {
    traits.text += '\n';
    traits.text += traits.terms->text;
  }
  return std::make_shared<const PodTraits>(std::move(traits));
}

PodTraitsPtr TraitsPool::add_pod(const PodTraitsPtr& traits) {
  Entry& entry = traits_[traits->text];
  if (++entry.pods == 1) entry.traits = traits->terms ? with_shared_terms(traits) : traits;
  return entry.traits;
}

void TraitsPool::remove_pod(const PodTraits& traits) {
  const auto known = traits_.find(traits.text);
  if (--known->second.pods > 0) return;
  if (traits.terms) {
    const auto terms = terms_.find(traits.terms->text);
    if (--terms->second.traits == 0) terms_.erase(terms);
  }
  traits_.erase(known);
}

// The pods of a StatefulSet differ in a label, and have the same terms.
PodTraitsPtr TraitsPool::with_shared_terms(const PodTraitsPtr& traits) {
  Terms& entry = terms_[traits->terms->text];
  if (++entry.traits == 1) {
    entry.terms = traits->terms;
    ++terms_version_;
    return traits;
  }
  PodTraits sharing = *traits;
  sharing.terms = entry.terms;
  return std::make_shared<const PodTraits>(std::move(sharing));
}

}  // namespace skiff::scheduler
