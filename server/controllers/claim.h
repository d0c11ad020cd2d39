#pragma once

#include "api/base/task.h"
#include "api/client.h"
#include "api/selector.h"

#include <string>
#include <vector>

// Which objects belong to a controller (upstream's ControllerRefManager): those that carry its controller reference and
// match its selector. Orphans that match are adopted; own ones that no longer match are released.
namespace skiff::controllers {

struct Claim {
  std::vector<api::ObjectPtr> owned;
  std::vector<api::ObjectPtr> adopt;
  std::vector<api::ObjectPtr> release;
};

// `candidates` are of the owner's namespace.
[[nodiscard]] Claim plan_claim(const Json& owner, const api::LabelSelector& selector,
                               const std::vector<api::ObjectPtr>& candidates);

// Carries the plan out; gives what is owned now, in the order of the candidates followed by the adopted ones. An object
// that is gone meanwhile is left out; any other error ends it.
Task<api::Result<std::vector<api::ObjectPtr>>> claim(api::Client& client, const api::ResourceType& owner_type,
                                                     api::ObjectPtr owner, const api::ResourceType& type,
                                                     api::LabelSelector selector,
                                                     std::vector<api::ObjectPtr> candidates,
                                                     std::string finalizer = "");

}  // namespace skiff::controllers
