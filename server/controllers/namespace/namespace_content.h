#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <map>
#include <string>
#include <vector>

namespace skiff::controllers {

// What keeps a namespace from being gone.
struct RemainingContent {
  std::map<std::string, int> objects;     // by "plural.group" ("pods.", "deployments.apps"), as upstream prints it
  std::map<std::string, int> finalizers;  // how many objects carry each

  std::vector<std::string> errors;  // why something could not be deleted

  [[nodiscard]] bool empty() const { return objects.empty() && errors.empty(); }
};

// Sets the namespace's conditions NamespaceDeletion..., NamespaceContentRemaining and NamespaceFinalizersRemaining.
// True when one changed.
bool set_deletion_conditions(Json& namespace_object, const RemainingContent& remaining, TimePoint now);

}  // namespace skiff::controllers
