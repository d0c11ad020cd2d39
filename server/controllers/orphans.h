#pragma once

#include "api/client/informer.h"

#include <vector>

// Objects that nobody controls, and those who may adopt them. Both are found through a label that the selector asks
// for, so that nobody looks at all orphans of a namespace, or at all selectors.
namespace skiff::controllers {

// Makes the informers ready for the functions below. `owners` have their selector in spec.selector, as a
// metav1.LabelSelector or as a plain map of labels.
void add_orphan_indexes(api::Informer& owners, api::Informer& objects);
// For possible_owners() alone.
void add_selector_index(api::Informer& owners);

// The objects that the owner controls, followed by orphans of its namespace among which are all that its selector
// matches.
[[nodiscard]] std::vector<api::ObjectPtr> adoption_candidates(const api::Informer& objects, const Json& owner);
// Those orphans alone.
[[nodiscard]] std::vector<api::ObjectPtr> orphans_near(const api::Informer& objects, const Json& owner);
// Owners of the object's namespace among which are all whose selector matches it.
[[nodiscard]] std::vector<api::ObjectPtr> possible_owners(const api::Informer& owners, const Json& object);

}  // namespace skiff::controllers
