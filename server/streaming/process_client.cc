#include "server/streaming/process_client.h"

#include <algorithm>
#include <limits>

namespace skiff::server {

namespace {

constexpr std::size_t kSizeTextBytes = 1024;

std::uint16_t clamped(std::int64_t number) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(number, 0, std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace

std::string status_text(const Json& status) {
  if (string_at(status, {"status"}) == "Success") return "";
  return string_at(status, {"message"});
}

void TerminalSizeReader::put(std::string_view bytes) {
  text_ += bytes;
  if (text_.size() > kSizeTextBytes) text_.erase(0, text_.size() - kSizeTextBytes);
}

std::optional<api::TerminalSize> TerminalSizeReader::next() {
  for (;;) {
    const std::size_t end = text_.find('}');
    if (end == std::string::npos) return std::nullopt;
    const auto size = parse_json(std::string_view(text_).substr(0, end + 1));
    text_.erase(0, end + 1);
    if (!size) continue;
    return api::TerminalSize{clamped(integer_at(size->value, {"Width"}, 0)),
                             clamped(integer_at(size->value, {"Height"}, 0))};
  }
}

}  // namespace skiff::server
