#include "server/admission/default_class.h"

#include "api/views/meta.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

#include <algorithm>

namespace skiff::server {

api::Result<std::optional<std::string>> find_default_class(const Registry& registry, const api::ResourceType& type,
                                                           std::initializer_list<const char*> annotations) {
  const auto page = registry.list(registry.kinds().find(type), "", ListParams{});
  if (!page) return page.error();
  std::optional<std::string> newest;
  std::string newest_time;
  for (const store::RecordPtr& record : page->records) {
    const auto object = to_document(*record);
    if (!object) return object.error();
    const bool is_default = std::any_of(annotations.begin(), annotations.end(), [&](const char* annotation) {
      const std::string* value = api::annotation_of(*object, annotation);
      return value != nullptr && *value == "true";
    });
    if (!is_default) continue;
    std::string time = string_at(*object, {"metadata", "creationTimestamp"});
    // Records come in the order of their names, so the first of those with the same time stays.
    if (newest && time <= newest_time) continue;
    newest = api::name_of(*object);
    newest_time = std::move(time);
  }
  return newest;
}

}  // namespace skiff::server
