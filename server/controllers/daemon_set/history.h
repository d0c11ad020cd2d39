#pragma once

#include "api/client.h"
#include "server/controllers/revisions.h"

#include <string>
#include <vector>

// What is peculiar to the ControllerRevisions of DaemonSets. Pure functions of values.
namespace skiff::controllers {

// The revision of the present template, as it is made.
[[nodiscard]] Json new_revision(const Json& daemon_set, std::int64_t number);

// The value of the label by which pods belong to the revision.
[[nodiscard]] std::string hash_of(const Json& revision);

// What is beyond spec.revisionHistoryLimit and has no pods any more, the oldest first.
[[nodiscard]] std::vector<api::ObjectPtr> surplus_history(const Json& daemon_set, std::vector<api::ObjectPtr> old,
                                                          const std::vector<api::ObjectPtr>& pods);

}  // namespace skiff::controllers
