#include "server/registry/kind.h"

#include "api/base/check.h"

namespace skiff::server {

std::string ServedVersion::api_version() const { return group.empty() ? version : group + "/" + version; }

const Kind::Subresource* Kind::find_subresource(std::string_view name) const {
  for (const Subresource& subresource : subresources) {
    if (subresource.name == name) return &subresource;
  }
  return nullptr;
}

std::string Kind::key_prefix() const {
  if (group().empty()) return "/" + plural + "/";
  return "/" + plural + "." + group() + "/";
}

KindTable::KindTable(std::vector<Kind> kinds) : kinds_(std::move(kinds)) {
  for (const Kind& kind : kinds_) {
    CHECK_INVARIANT(!kind.versions.empty() && kind.strategy != nullptr);
    for (const ServedVersion& version : kind.versions) CHECK_INVARIANT(version.type != nullptr);
  }
}

namespace {

template <class Matches>
ServedKind find_served(const std::vector<Kind>& kinds, std::string_view group, std::string_view version,
                       Matches matches) {
  for (const Kind& kind : kinds) {
    if (!matches(kind)) continue;
    for (const ServedVersion& served : kind.versions) {
      if (served.group == group && served.version == version) return ServedKind{&kind, &served};
    }
  }
  return {};
}

}  // namespace

ServedKind KindTable::find(std::string_view group, std::string_view version, std::string_view plural) const {
  return find_served(kinds_, group, version, [plural](const Kind& kind) { return kind.plural == plural; });
}

ServedKind KindTable::find(const api::ResourceType& resource) const {
  return find(resource.group, resource.version, resource.plural);
}

ServedKind KindTable::find_by_kind(std::string_view group, std::string_view version, std::string_view name) const {
  return find_served(kinds_, group, version, [name](const Kind& kind) { return kind.kind == name; });
}

}  // namespace skiff::server
