#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Which of a number of equal pods are removed first, as upstream ranks them: unassigned, pending, not ready, cheap by
// the annotation controller.kubernetes.io/pod-deletion-cost, doubled up on a node, ready for a shorter time, restarted
// more often, younger.
namespace skiff::controllers {

// What of a pod decides, read once.
struct DeletionCandidate {
  std::string uid;
  api::NamespacedName name;
  std::string node;
  int phase = 0;  // pending, unknown, running
  bool ready = false;
  int cost = 0;
  std::optional<TimePoint> ready_since;
  std::int64_t restarts = 0;
  std::optional<TimePoint> created;

  explicit DeletionCandidate(const Json& pod);
};

// How many pods of the same purpose run on each node: of those that are doubled up some go first.
using Neighbours = std::map<std::string, int>;

// Those that go first come first.
void sort_for_deletion(std::vector<const DeletionCandidate*>& pods, const Neighbours& neighbours, TimePoint now);
void sort_for_deletion(std::vector<api::ObjectPtr>& pods, const Neighbours& neighbours, TimePoint now);

}  // namespace skiff::controllers
