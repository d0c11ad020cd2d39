#include "server/http/upgrade_request.h"

#include "api/base/text.h"

#include <algorithm>

namespace skiff::server {

namespace {

// The elements of a list in a header's lines.
std::vector<std::string> list_of(const Headers& headers, std::string_view name) {
  std::vector<std::string> elements;
  for (const auto& [key, value] : headers.all()) {
    if (!equal_ignoring_case(key, name)) continue;
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      const std::size_t first = value.find_first_not_of(" \t", begin);
      const std::size_t last = end == 0 ? std::string::npos : value.find_last_not_of(" \t", end - 1);
      if (first < end && last != std::string::npos) elements.push_back(value.substr(first, last + 1 - first));
      begin = end + 1;
    }
  }
  return elements;
}

bool lists(const Headers& headers, std::string_view name, std::string_view element) {
  const std::vector<std::string> elements = list_of(headers, name);
  return std::any_of(elements.begin(), elements.end(),
                     [&](const std::string& each) { return equal_ignoring_case(each, element); });
}

}  // namespace

UpgradeKind requested_upgrade(const Headers& headers) {
  if (!lists(headers, "Connection", "upgrade")) return UpgradeKind::kNone;
  if (lists(headers, "Upgrade", "websocket")) return UpgradeKind::kWebSocket;
  return lists(headers, "Upgrade", "SPDY/3.1") ? UpgradeKind::kSpdy : UpgradeKind::kNone;
}

std::vector<std::string> offered_protocols(const Headers& headers, std::string_view header) {
  return list_of(headers, header);
}

std::optional<std::string> negotiate(const std::vector<std::string>& offered, Protocols spoken) {
  if (offered.empty()) return "";
  for (const std::string& protocol : offered) {
    if (std::find(spoken.begin(), spoken.end(), protocol) != spoken.end()) return protocol;
  }
  return std::nullopt;
}

}  // namespace skiff::server
