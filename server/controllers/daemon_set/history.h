#pragma once

#include "api/client.h"

#include <optional>
#include <string>
#include <vector>

// The ControllerRevisions of a DaemonSet: one for each template it has had, so that `kubectl rollout undo` can go back.
// Pure functions of values.
namespace skiff::controllers {

// The patch that puts the DaemonSet's present template back, byte for byte the one that kubectl compares with.
[[nodiscard]] Json revision_data(const Json& daemon_set);

struct HistoryPlan {
  // The revision of the present template; null: it has to be made.
  api::ObjectPtr current;
  // Its number, which may be higher than the one that it has: a template that came back is the newest again.
  std::int64_t number = 1;
  // Further revisions of the same template. Their pods become those of `current`.
  std::vector<api::ObjectPtr> duplicates;
  std::vector<api::ObjectPtr> old;
};
[[nodiscard]] HistoryPlan plan_history(const Json& daemon_set, const std::vector<api::ObjectPtr>& revisions);

// The revision of the present template, as it is made.
[[nodiscard]] Json new_revision(const Json& daemon_set, std::int64_t number);

// The value of the label by which pods belong to the revision.
[[nodiscard]] std::string hash_of(const Json& revision);

// What is beyond spec.revisionHistoryLimit and has no pods any more, the oldest first.
[[nodiscard]] std::vector<api::ObjectPtr> surplus_history(const Json& daemon_set, std::vector<api::ObjectPtr> old,
                                                          const std::vector<api::ObjectPtr>& pods);

}  // namespace skiff::controllers
