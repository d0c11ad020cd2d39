#include "nodeagent/number_file.h"

#include "api/base/files.h"

#include <charconv>

namespace skiff::nodeagent {

std::optional<std::int64_t> read_number_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace skiff::nodeagent
