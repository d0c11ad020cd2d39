#include "server/controllers/daemon_set/history.h"

#include "api/resource.h"
#include "api/views/meta.h"
#include "server/controllers/daemon_set/daemon_pod.h"

#include <algorithm>
#include <set>

namespace skiff::controllers {

using api::ObjectPtr;

Json new_revision(const Json& daemon_set, std::int64_t number) {
  return make_revision(api::kDaemonSets, daemon_set, kRevisionHashLabel, number);
}

std::string hash_of(const Json& revision) {
  const std::string* hash = api::label_of(revision, kRevisionHashLabel);
  return hash == nullptr ? api::name_of(revision) : *hash;
}

std::vector<ObjectPtr> surplus_history(const Json& daemon_set, std::vector<ObjectPtr> old,
                                       const std::vector<ObjectPtr>& pods) {
  const std::int64_t surplus =
      static_cast<std::int64_t>(old.size()) - integer_at(daemon_set, {"spec", "revisionHistoryLimit"}, 10);
  std::set<std::string> in_use;
  for (const ObjectPtr& pod : pods) {
    if (const std::string* hash = api::label_of(*pod, kRevisionHashLabel)) in_use.insert(*hash);
  }
  std::erase_if(old, [&](const ObjectPtr& revision) { return in_use.contains(hash_of(*revision)); });
  std::sort(old.begin(), old.end(), has_lower_number);
  old.resize(std::min(old.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, surplus))));
  return old;
}

}  // namespace skiff::controllers
