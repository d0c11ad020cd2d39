#pragma once

#include "api/client.h"

#include <cstdint>
#include <vector>

// The ControllerRevisions of a DaemonSet or StatefulSet: one for each template it has had, so that `kubectl rollout
// undo` can go back. Pure functions of values.
namespace skiff::controllers {

// The patch that puts the owner's present template back, byte for byte the one that kubectl compares with.
[[nodiscard]] Json revision_data(const Json& owner);

struct HistoryPlan {
  // The revision of the present template; null: it has to be made.
  api::ObjectPtr current;
  // Its number, which may be higher than the one that it has: a template that came back is the newest again.
  std::int64_t number = 1;
  // Further revisions of the same template. Their pods become those of `current`.
  std::vector<api::ObjectPtr> duplicates;
  std::vector<api::ObjectPtr> old;
};
[[nodiscard]] HistoryPlan plan_history(const Json& owner, const std::vector<api::ObjectPtr>& revisions);

// The revision of the present template, as it is made. `hash_label`: the label that tells its hash.
[[nodiscard]] Json make_revision(const api::ResourceType& owner_type, const Json& owner, const char* hash_label,
                                 std::int64_t number);

[[nodiscard]] bool has_lower_number(const api::ObjectPtr& a, const api::ObjectPtr& b);

}  // namespace skiff::controllers
