#include "server/controllers/deployment/rollout.h"

#include "server/controllers/int_or_percent.h"

#include <algorithm>

namespace skiff::controllers {

namespace {

int total_replicas(const std::vector<SetSize>& sets) {
  int total = 0;
  for (const SetSize& set : sets) total += set.replicas;
  return total;
}

int total_available(const std::vector<SetSize>& sets) {
  int total = 0;
  for (const SetSize& set : sets) total += set.available;
  return total;
}

bool is_older(const SetSize& a, const SetSize& b) {
  return a.created != b.created ? a.created < b.created : a.name < b.name;
}

// Those that have replicas.
std::vector<SetSize> active(const std::vector<SetSize>& sets) {
  std::vector<SetSize> found;
  std::copy_if(sets.begin(), sets.end(), std::back_inserter(found),
               [](const SetSize& set) { return set.replicas > 0; });
  return found;
}

std::vector<SetSize> joined(const std::vector<SetSize>& old_sets, const std::optional<SetSize>& new_set) {
  std::vector<SetSize> all = old_sets;
  if (new_set) all.push_back(*new_set);
  return all;
}

void set_size(Sizes& sizes, const SetSize& set, int replicas) {
  if (set.replicas != replicas) sizes[set.name] = replicas;
}

// A ReplicaSet's share of `to_add` replicas (negative: to take away), of which `added` are given out already.
int share(const RolloutSpec& spec, const SetSize& set, int to_add, int added, int status_replicas) {
  if (set.replicas == 0 || to_add == 0 || to_add == added) return 0;
  int fraction = 0;
  if (spec.replicas == 0) {
    fraction = -set.replicas;
  } else {
    const int before = set.max_replicas.value_or(0) != 0 ? *set.max_replicas : status_replicas;
    if (before == 0) return 0;
    const double size = static_cast<double>(set.replicas) * (spec.replicas + spec.max_surge) / before;
    fraction = static_cast<int>(std::lround(size)) - set.replicas;
  }
  const int allowed = to_add - added;
  return to_add > 0 ? std::min(fraction, allowed) : std::max(fraction, allowed);
}

// The only ReplicaSet with replicas, or the newest when none has any; nothing when several have.
std::optional<SetSize> active_or_latest(const std::optional<SetSize>& new_set, const std::vector<SetSize>& old_sets) {
  const std::vector<SetSize> with_replicas = active(joined(old_sets, new_set));
  if (with_replicas.size() == 1) return with_replicas.front();
  if (with_replicas.size() > 1) return std::nullopt;
  if (new_set) return new_set;
  const auto latest = std::max_element(old_sets.begin(), old_sets.end(), is_older);
  if (latest == old_sets.end()) return std::nullopt;
  return *latest;
}

bool is_saturated(const RolloutSpec& spec, const std::optional<SetSize>& new_set) {
  return new_set && new_set->replicas == spec.replicas && new_set->desired_replicas == spec.replicas &&
         new_set->available == spec.replicas;
}

}  // namespace

RolloutSpec rollout_spec(const Json& deployment) {
  RolloutSpec spec;
  spec.replicas = static_cast<int>(integer_at(deployment, {"spec", "replicas"}, 1));
  spec.recreate = string_at(deployment, {"spec", "strategy", "type"}) == "Recreate";
  if (spec.recreate) return spec;
  const Json by_default = "25%";
  const Json* surge = find(deployment, {"spec", "strategy", "rollingUpdate", "maxSurge"});
  const Json* unavailable = find(deployment, {"spec", "strategy", "rollingUpdate", "maxUnavailable"});
  spec.max_surge = resolve_int_or_percent(surge != nullptr ? *surge : by_default, spec.replicas, true);
  spec.max_unavailable =
      resolve_int_or_percent(unavailable != nullptr ? *unavailable : by_default, spec.replicas, false);
  // Rounding can leave no room to move at all; then one may be missing.
  if (spec.max_surge == 0 && spec.max_unavailable == 0) spec.max_unavailable = 1;
  spec.max_unavailable = std::min(spec.max_unavailable, spec.replicas);
  return spec;
}

int new_set_size(const RolloutSpec& spec, const SetSize& new_set, const std::vector<SetSize>& all) {
  if (spec.recreate || new_set.replicas > spec.replicas) return spec.replicas;
  const int room = spec.replicas + spec.max_surge - total_replicas(all);
  if (room <= 0) return new_set.replicas;
  return new_set.replicas + std::min(room, spec.replicas - new_set.replicas);
}

Sizes shrink_old_sets(const RolloutSpec& spec, const std::optional<SetSize>& new_set, std::vector<SetSize> old_sets) {
  const int min_available = spec.replicas - spec.max_unavailable;
  const int new_unavailable = new_set ? new_set->replicas - new_set->available : 0;
  const int may_go = total_replicas(joined(old_sets, new_set)) - min_available - new_unavailable;
  if (total_replicas(old_sets) == 0 || may_go <= 0) return {};

  std::map<std::string, int> size;
  for (const SetSize& set : old_sets) size[set.name] = set.replicas;
  std::sort(old_sets.begin(), old_sets.end(), is_older);
  int unhealthy_left = may_go;
  for (const SetSize& set : old_sets) {
    const int count = std::min(unhealthy_left, std::max(0, set.replicas - set.available));
    size[set.name] -= count;
    unhealthy_left -= count;
  }
  int healthy_left = total_available(joined(old_sets, new_set)) - min_available;
  for (const SetSize& set : old_sets) {
    const int count = std::min(std::max(0, healthy_left), size[set.name]);
    size[set.name] -= count;
    healthy_left -= count;
  }
  Sizes sizes;
  for (const SetSize& set : old_sets) set_size(sizes, set, size[set.name]);
  return sizes;
}

bool is_scaling_event(const RolloutSpec& spec, const std::vector<SetSize>& all) {
  const std::vector<SetSize> with_replicas = active(all);
  return std::any_of(with_replicas.begin(), with_replicas.end(), [&](const SetSize& set) {
    return set.desired_replicas && *set.desired_replicas != spec.replicas;
  });
}

Sizes scale_proportionally(const RolloutSpec& spec, const std::optional<SetSize>& new_set,
                           const std::vector<SetSize>& old_sets, int status_replicas) {
  Sizes sizes;
  if (const std::optional<SetSize> only = active_or_latest(new_set, old_sets)) {
    set_size(sizes, *only, spec.replicas);
    return sizes;
  }
  if (is_saturated(spec, new_set)) {
    for (const SetSize& set : old_sets) set_size(sizes, set, 0);
    return sizes;
  }
  if (spec.recreate) return sizes;

  std::vector<SetSize> sets = active(joined(old_sets, new_set));
  const int allowed = spec.replicas > 0 ? spec.replicas + spec.max_surge : 0;
  const int to_add = allowed - total_replicas(sets);
  // Larger ones first; of equal ones the newer when growing, the older when shrinking.
  std::sort(sets.begin(), sets.end(), [&](const SetSize& a, const SetSize& b) {
    if (a.replicas != b.replicas) return a.replicas > b.replicas;
    return to_add > 0 ? is_older(b, a) : is_older(a, b);
  });
  int added = 0;
  std::vector<int> size(sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const int proportion = share(spec, sets[i], to_add, added, status_replicas);
    size[i] = sets[i].replicas + proportion;
    added += proportion;
  }
  // What rounding left over goes to the largest.
  if (!sets.empty() && to_add != 0) size[0] = std::max(0, size[0] + to_add - added);
  for (std::size_t i = 0; i < sets.size(); ++i) set_size(sizes, sets[i], size[i]);
  return sizes;
}

}  // namespace skiff::controllers
