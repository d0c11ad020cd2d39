#include "server/controllers/template_hash.h"

#include "api/base/ids.h"

namespace skiff::controllers {

namespace {

void drop_nulls(Json& value) {
  if (value.is_array()) {
    for (Json& element : value) drop_nulls(element);
    return;
  }
  if (!value.is_object()) return;
  for (auto member = value.begin(); member != value.end();) {
    drop_nulls(*member);
    member = member->is_null() ? value.erase(member) : std::next(member);
  }
}

// FNV-1a, 32 bits.
std::uint32_t fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char character : text) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 16777619U;
  }
  return hash;
}

}  // namespace

Json comparable_template(const Json& pod_template) {
  Json comparable = pod_template;
  drop_nulls(comparable);
  const auto metadata = comparable.find("metadata");
  if (metadata == comparable.end()) return comparable;
  const auto labels = metadata->find("labels");
  if (labels != metadata->end()) labels->erase(kTemplateHashLabel);
  for (const char* member : {"labels", "annotations"}) {
    const auto found = metadata->find(member);
    if (found != metadata->end() && found->empty()) metadata->erase(found);
  }
  if (metadata->empty()) comparable.erase(metadata);
  return comparable;
}

std::string template_hash(const Json& pod_template, std::int64_t collision_count) {
  std::string text = to_json_text(comparable_template(pod_template));
  if (collision_count > 0) text += std::to_string(collision_count);
  return safe_encode(std::to_string(fnv1a(text)));
}

}  // namespace skiff::controllers
