#include "server/http/http.h"

#include "api/base/text.h"

#include <algorithm>

namespace skiff::server {

Slice Slice::of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view bytes = *owner;
  return Slice{std::move(owner), bytes};
}

void Headers::add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(entries_, [&](const auto& entry) { return equal_ignoring_case(entry.first, name); });
  entries_.emplace_back(std::string(name), std::move(value));
}

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (equal_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

std::string Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? *value : std::string();
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace skiff::server
