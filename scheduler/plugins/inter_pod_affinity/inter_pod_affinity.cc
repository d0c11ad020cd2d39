#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"

#include "scheduler/cache.h"

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

namespace {

// What a running pod's required affinity is worth to a pod that it wants near: upstream's hardPodAffinityWeight.
constexpr std::int64_t kRequiredAffinityWeight = 1;

void add_once(std::vector<std::string>& keys, const std::string& key) {
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
}

bool are_among(const std::vector<std::string>& keys, const std::vector<std::string>& known) {
  return std::all_of(keys.begin(), keys.end(), [&known](const std::string& key) {
    return std::find(known.begin(), known.end(), key) != known.end();
  });
}

// Of the terms of pods that run.
bool any_selects_namespaces(const Cache& cache) {
  const auto& running = cache.traits().terms();
  return std::any_of(running.begin(), running.end(),
                     [](const auto& each) { return each.second.terms->select_namespaces(); });
}

bool any_counted(std::span<const Standing> standings) {
  return std::any_of(standings.begin(), standings.end(), [](const Standing& standing) { return standing.count > 0; });
}

}  // namespace

bool InterPodAffinity::concerns(const PodInfo& pod, const Cache& cache) {
  if (pod.traits->terms) return true;
  const auto& running = cache.traits().terms();
  return std::any_of(running.begin(), running.end(),
                     [&](const auto& each) { return each.second.terms->concern(*pod.traits, cache.namespaces()); });
}

InterPodAffinity::InterPodAffinity(const PodInfo& pod, const Cache& cache)
    : traits_(pod.traits),
      own_(pod.traits->terms ? *pod.traits->terms : PodTerms{}),
      namespaces_(cache.namespaces()),
      keys_(keys_in(cache)),
      terms_version_(cache.traits().terms_version()),
      namespaces_version_(namespaces_.version()),
      looks_at_namespaces_(own_.select_namespaces() || any_selects_namespaces(cache)) {
  add_counts();
}

bool InterPodAffinity::is_outdated(const Cache& cache) {
  if (looks_at_namespaces_ && namespaces_version_ != namespaces_.version()) return true;
  if (std::exchange(terms_version_, cache.traits().terms_version()) == cache.traits().terms_version()) return false;
  const Keys keys = keys_in(cache);
  looks_at_namespaces_ = looks_at_namespaces_ || any_selects_namespaces(cache);
  return !are_among(keys.anti_affinity, keys_.anti_affinity) || !are_among(keys.preferences, keys_.preferences);
}

ClusterEvents InterPodAffinity::events() const {
  return kNodeAdded | kNodeLabelsChanged | kPodChanged | kPodGone | (own_.required_affinity.empty() ? 0 : kPodAdded);
}

void InterPodAffinity::add_keys_of(const PodTerms& terms, Keys& keys) const {
  for (const PodTerm& term : terms.required_anti_affinity) {
    if (term.matches(*traits_, namespaces_)) add_once(keys.anti_affinity, term.topology_key);
  }
  for (const auto* list : {&terms.required_affinity, &terms.preferred}) {
    for (const PodTerm& term : *list) {
      if (term.matches(*traits_, namespaces_)) add_once(keys.preferences, term.topology_key);
    }
  }
}

InterPodAffinity::Keys InterPodAffinity::keys_in(const Cache& cache) const {
  Keys keys;
  for (const PodTerm& term : own_.preferred) add_once(keys.preferences, term.topology_key);
  // Soon there will be pods of this kind.
  add_keys_of(own_, keys);
  for (const auto& [text, running] : cache.traits().terms()) add_keys_of(*running.terms, keys);
  return keys;
}

void InterPodAffinity::add_counts() {
  for (const PodTerm& term : own_.required_affinity) {
    counts_.push_back({term.topology_key, [this](const PodTraits& pod) { return matches_all_affinity(pod) ? 1 : 0; }});
  }
  for (const PodTerm& term : own_.required_anti_affinity) {
    counts_.push_back(
        {term.topology_key, [this, &term](const PodTraits& pod) { return term.matches(pod, namespaces_) ? 1 : 0; }});
  }
  for (const std::string& key : keys_.anti_affinity) {
    counts_.push_back({key, [this, &key](const PodTraits& pod) -> std::int64_t {
                         if (!pod.terms) return 0;
                         const auto& terms = pod.terms->required_anti_affinity;
                         return std::count_if(terms.begin(), terms.end(), [&](const PodTerm& term) {
                           return term.topology_key == key && term.matches(*traits_, namespaces_);
                         });
                       }});
  }
  for (const std::string& key : keys_.preferences) {
    counts_.push_back({key, [this, &key](const PodTraits& pod) { return preference(key, pod); }});
  }
}

bool InterPodAffinity::matches_all_affinity(const PodTraits& pod) const {
  return std::all_of(own_.required_affinity.begin(), own_.required_affinity.end(),
                     [&](const PodTerm& term) { return term.matches(pod, namespaces_); });
}

// How much the two pods want each other in the same domain.
std::int64_t InterPodAffinity::preference(const std::string& topology_key, const PodTraits& pod) const {
  std::int64_t sum = 0;
  for (const PodTerm& term : own_.preferred) {
    if (term.topology_key == topology_key && term.matches(pod, namespaces_)) sum += term.weight;
  }
  if (!pod.terms) return sum;
  for (const PodTerm& term : pod.terms->preferred) {
    if (term.topology_key == topology_key && term.matches(*traits_, namespaces_)) sum += term.weight;
  }
  for (const PodTerm& term : pod.terms->required_affinity) {
    if (term.topology_key == topology_key && term.matches(*traits_, namespaces_)) sum += kRequiredAffinityWeight;
  }
  return sum;
}

Verdict InterPodAffinity::filter(const NodeGroup& group, std::span<const DomainCounts> domains) const {
  if (!satisfies_affinity(group, domains)) return Verdict::never("node(s) didn't match pod affinity rules");
  const std::span<const Standing> anti_affinity = std::span(group.standings).subspan(own_.required_affinity.size());
  const std::size_t own = own_.required_anti_affinity.size();
  if (any_counted(anti_affinity.first(own))) return Verdict::no({"node(s) didn't match pod anti-affinity rules"});
  if (any_counted(anti_affinity.subspan(own, keys_.anti_affinity.size()))) {
    return Verdict::no({"node(s) didn't satisfy existing pods anti-affinity rules"});
  }
  return Verdict::yes();
}

// A pod that wants to be near to its like may be the first of them.
bool InterPodAffinity::satisfies_affinity(const NodeGroup& group, std::span<const DomainCounts> domains) const {
  const std::size_t terms = own_.required_affinity.size();
  bool are_there = true;
  bool are_anywhere = false;
  for (std::size_t i = 0; i < terms; ++i) {
    if (!group.standings[i].labelled) return false;
    are_there = are_there && group.standings[i].count > 0;
    are_anywhere = are_anywhere || domains[i].total() > 0;
  }
  return are_there || (!are_anywhere && matches_all_affinity(*traits_));
}

std::vector<std::int64_t> InterPodAffinity::score(const std::vector<NodeGroup>& groups) const {
  std::vector<std::int64_t> sums;
  for (const NodeGroup& group : groups) {
    std::int64_t sum = 0;
    for (std::size_t i = counts_.size() - keys_.preferences.size(); i < counts_.size(); ++i) {
      sum += group.standings[i].count;
    }
    sums.push_back(sum);
  }
  if (sums.empty()) return sums;
  const auto [least, most] = std::minmax_element(sums.begin(), sums.end());
  const std::int64_t lowest = *least;
  const auto range = static_cast<double>(*most - *least);
  for (std::int64_t& sum : sums) {
    const auto above = static_cast<double>(sum - lowest);
    sum = range > 0 ? static_cast<std::int64_t>(static_cast<double>(kMaxScore) * (above / range)) : 0;
  }
  return sums;
}

}  // namespace skiff::scheduler
