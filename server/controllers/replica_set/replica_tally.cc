#include "server/controllers/replica_set/replica_tally.h"

#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/pods.h"

#include <algorithm>

namespace skiff::controllers {

namespace {

bool carries_all(const Json& labels, const Json& wanted) {
  return std::ranges::all_of(wanted.items(), [&labels](const auto& label) {
    const auto actual = labels.find(label.key());
    return actual != labels.end() && *actual == label.value();
  });
}

}  // namespace

ReplicaTally::Entry ReplicaTally::add(const Json& pod) {
  const Json& labels = api::labels_of(pod);
  Group& group = groups_[to_json_text(labels)];
  if (group.pods == 0) group.labels = labels;
  Entry entry;
  entry.group = &group;
  entry.active = is_active(pod);
  entry.ready = entry.active && api::is_pod_ready(pod);
  if (entry.ready) entry.ready_since = ready_since(pod);
  ++group.pods;
  if (entry.active) ++group.active;
  if (entry.ready) ++group.ready;
  if (entry.ready_since) {
    ++group.timed;
    ++group.ready_since[*entry.ready_since];
  }
  return entry;
}

void ReplicaTally::remove(const Entry& entry) {
  Group& group = *entry.group;
  if (entry.active) --group.active;
  if (entry.ready) --group.ready;
  if (entry.ready_since) {
    --group.timed;
    const auto since = group.ready_since.find(*entry.ready_since);
    if (--since->second == 0) group.ready_since.erase(since);
  }
  if (--group.pods == 0) groups_.erase(to_json_text(group.labels));
}

bool ReplicaTally::is_replica(const Entry& entry, const api::LabelSelector& selector) {
  return entry.active && selector.matches_object_labels(entry.group->labels);
}

bool ReplicaTally::all_match(const api::LabelSelector& selector) const {
  return std::ranges::all_of(
      groups_, [&selector](const auto& entry) { return selector.matches_object_labels(entry.second.labels); });
}

ReplicaCounts ReplicaTally::counts(const Json& replica_set, TimePoint now) const {
  const std::chrono::seconds min_ready{integer_at(replica_set, {"spec", "minReadySeconds"})};
  const Json* template_labels = find(replica_set, {"spec", "template", "metadata", "labels"});
  ReplicaCounts counts;
  for (const auto& [text, group] : groups_) {
    counts.active += group.active;
    if (template_labels == nullptr || carries_all(group.labels, *template_labels)) counts.fully_labeled += group.active;
    counts.ready += group.ready;
    if (min_ready.count() == 0) {
      counts.available += group.ready;
      continue;
    }
    counts.available += group.timed;
    // From the latest on, as far as they wait.
    for (auto since = group.ready_since.rbegin(); since != group.ready_since.rend(); ++since) {
      const TimePoint at = since->first + min_ready;
      if (at <= now) break;
      counts.available -= since->second;
      counts.next_available = std::min(counts.next_available.value_or(at), at);
    }
  }
  return counts;
}

void ReplicaTallies::set(const Json& pod) {
  const std::string uid = api::uid_of(pod);
  remove(uid);
  const Json* reference = api::controller_of(pod);
  if (reference == nullptr || string_at(*reference, {"kind"}) != kind_) return;
  const std::string owner_uid = string_at(*reference, {"uid"});
  Owner& owner = owners_[owner_uid];
  owner.uid = owner_uid;
  owner.pods.emplace(uid, Counted{owner.tally.add(pod), DeletionCandidate(pod)});
  owner_of_pod_[uid] = &owner;
}

void ReplicaTallies::remove(const std::string& pod_uid) {
  const auto known = owner_of_pod_.find(pod_uid);
  if (known == owner_of_pod_.end()) return;
  Owner& owner = *known->second;
  owner_of_pod_.erase(known);
  const auto counted = owner.pods.find(pod_uid);
  owner.tally.remove(counted->second.entry);
  owner.pods.erase(counted);
  if (!owner.pods.empty()) return;
  const std::string owner_uid = owner.uid;
  owners_.erase(owner_uid);
}

std::vector<const DeletionCandidate*> ReplicaTallies::replicas(const std::string& owner_uid,
                                                               const api::LabelSelector& selector) const {
  std::vector<const DeletionCandidate*> found;
  const auto known = owners_.find(owner_uid);
  if (known == owners_.end()) return found;
  for (const auto& [uid, pod] : known->second.pods) {
    if (ReplicaTally::is_replica(pod.entry, selector)) found.push_back(&pod.candidate);
  }
  return found;
}

const ReplicaTally& ReplicaTallies::of(const std::string& owner_uid) const {
  static const ReplicaTally kNone;
  const auto known = owners_.find(owner_uid);
  return known == owners_.end() ? kNone : known->second.tally;
}

}  // namespace skiff::controllers
