#include "server/handlers/discovery.h"

#include "api/base/ids.h"
#include "server/handlers/negotiation.h"
#include "server/handlers/responses.h"

#include <string_view>

namespace skiff::server {
namespace {

constexpr std::string_view kAggregatedGroup = "apidiscovery.k8s.io";
constexpr std::string_view kAggregatedKind = "APIGroupDiscoveryList";
constexpr std::string_view kAggregatedVersions[] = {"v2", "v2beta1"};

struct Version {
  std::string name;
  std::vector<const ApiResource*> resources;
};

struct Group {
  std::string name;
  std::vector<Version> versions;  // the preferred one first
};

// The resources come sorted by group and version.
std::vector<Group> grouped(const std::vector<ApiResource>& resources) {
  std::vector<Group> groups;
  for (const ApiResource& resource : resources) {
    if (groups.empty() || groups.back().name != resource.group) groups.push_back({resource.group, {}});
    std::vector<Version>& versions = groups.back().versions;
    if (versions.empty() || versions.back().name != resource.version) versions.push_back({resource.version, {}});
    versions.back().resources.push_back(&resource);
  }
  return groups;
}

std::string group_version(const std::string& group, const std::string& version) {
  return group.empty() ? version : group + "/" + version;
}

Json version_entry(const Group& group, const Version& version) {
  return {{"groupVersion", group_version(group.name, version.name)}, {"version", version.name}};
}

Json api_group(const Group& group) {
  Json versions = Json::array();
  for (const Version& version : group.versions) versions.push_back(version_entry(group, version));
  return {{"name", group.name},
          {"versions", std::move(versions)},
          {"preferredVersion", version_entry(group, group.versions.front())}};
}

Json api_resource(const ApiResource& resource) {
  Json entry = {{"name", resource.plural},
                {"singularName", resource.singular},
                {"namespaced", resource.namespaced},
                {"kind", resource.kind},
                {"verbs", resource.verbs}};
  if (!resource.short_names.empty()) entry["shortNames"] = resource.short_names;
  if (!resource.categories.empty()) entry["categories"] = resource.categories;
  return entry;
}

Json api_subresource(const ApiResource& resource, const ApiSubresource& subresource) {
  Json entry = {{"name", resource.plural + "/" + subresource.name},
                {"singularName", ""},
                {"namespaced", resource.namespaced},
                {"kind", subresource.kind},
                {"verbs", subresource.verbs}};
  // Named only where they are not those of the list.
  if (subresource.group != resource.group || subresource.version != resource.version) {
    entry["group"] = subresource.group;
    entry["version"] = subresource.version;
  }
  return entry;
}

Json api_resource_list(const Group& group, const Version& version) {
  Json resources = Json::array();
  for (const ApiResource* resource : version.resources) {
    resources.push_back(api_resource(*resource));
    for (const ApiSubresource& subresource : resource->subresources) {
      resources.push_back(api_subresource(*resource, subresource));
    }
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group_version(group.name, version.name)},
          {"resources", std::move(resources)}};
}

Json kind_reference(const std::string& group, const std::string& version, const std::string& kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

Json aggregated_resource(const ApiResource& resource) {
  Json entry = {{"resource", resource.plural},
                {"responseKind", kind_reference(resource.group, resource.version, resource.kind)},
                {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
                {"singularResource", resource.singular},
                {"verbs", resource.verbs}};
  if (!resource.short_names.empty()) entry["shortNames"] = resource.short_names;
  if (!resource.categories.empty()) entry["categories"] = resource.categories;
  for (const ApiSubresource& subresource : resource.subresources) {
    entry["subresources"].push_back(
        {{"subresource", subresource.name},
         {"responseKind", kind_reference(subresource.group, subresource.version, subresource.kind)},
         {"verbs", subresource.verbs}});
  }
  return entry;
}

Json aggregated_group(const Group& group) {
  Json versions = Json::array();
  for (const Version& version : group.versions) {
    Json resources = Json::array();
    for (const ApiResource* resource : version.resources) resources.push_back(aggregated_resource(*resource));
    versions.push_back({{"version", version.name}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  Json metadata = {{"creationTimestamp", nullptr}};
  if (!group.name.empty()) metadata["name"] = group.name;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

// The aggregated form of /api (the core group) or /apis (all others).
Json aggregated_list(const std::vector<Group>& groups, bool core, std::string_view version) {
  Json items = Json::array();
  for (const Group& group : groups) {
    if (group.name.empty() == core) items.push_back(aggregated_group(group));
  }
  return {{"kind", kAggregatedKind},
          {"apiVersion", std::string(kAggregatedGroup) + "/" + std::string(version)},
          {"metadata", Json::object()},
          {"items", std::move(items)}};
}

Json api_versions(const std::vector<Group>& groups) {
  Json versions = Json::array();
  for (const Group& group : groups) {
    if (!group.name.empty()) continue;
    for (const Version& version : group.versions) versions.push_back(version.name);
  }
  return {{"kind", "APIVersions"}, {"versions", std::move(versions)}, {"serverAddressByClientCIDRs", Json::array()}};
}

Json api_group_list(const std::vector<Group>& groups) {
  Json list = Json::array();
  for (const Group& group : groups) {
    if (!group.name.empty()) list.push_back(api_group(group));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

// The version of the aggregated form that the client prefers to the plain one; empty for the plain one.
std::string aggregated_version(const Request& request) {
  for (const AcceptClause& clause : parse_accept(request.headers.get("Accept"))) {
    if (clause.quality <= 0 || !clause.covers("application/json")) continue;
    const std::string as = clause.parameter("as");
    if (as.empty()) return "";
    const std::string version = clause.parameter("v");
    const bool known = std::find(std::begin(kAggregatedVersions), std::end(kAggregatedVersions), version) !=
                       std::end(kAggregatedVersions);
    if (as == kAggregatedKind && clause.parameter("g") == kAggregatedGroup && known) return version;
  }
  return "";
}

Response aggregated_response(const Request& request, const std::shared_ptr<const std::string>& json,
                             const std::string& etag, const std::string& version) {
  Response response;
  response.headers.set("Vary", "Accept");
  response.headers.set("ETag", etag);
  if (request.headers.get("If-None-Match") == etag) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", "application/json;g=" + std::string(kAggregatedGroup) + ";v=" + version +
                                           ";as=" + std::string(kAggregatedKind));
  response.body.push_back(share(json));
  return response;
}

}  // namespace

Discovery::Document Discovery::document_of(const Json& json) {
  auto text = std::make_shared<const std::string>(to_json_text(json));
  std::string etag = "\"" + sha256_hex(*text) + "\"";
  return {std::move(text), std::move(etag)};
}

Discovery::Discovery(const std::vector<ApiResource>& resources) {
  const std::vector<Group> groups = grouped(resources);
  by_path_["/api"] = document_of(api_versions(groups));
  by_path_["/apis"] = document_of(api_group_list(groups));
  for (const std::string_view version : kAggregatedVersions) {
    aggregated_["/api " + std::string(version)] = document_of(aggregated_list(groups, true, version));
    aggregated_["/apis " + std::string(version)] = document_of(aggregated_list(groups, false, version));
  }
  for (const Group& group : groups) {
    const std::string path = group.name.empty() ? "/api" : "/apis/" + group.name;
    if (!group.name.empty()) {
      Json document = api_group(group);
      document["kind"] = "APIGroup";
      document["apiVersion"] = "v1";
      by_path_[path] = document_of(document);
    }
    for (const Version& version : group.versions) {
      by_path_[path + "/" + version.name] = document_of(api_resource_list(group, version));
    }
  }
}

const Discovery::Document* Discovery::aggregated(const std::string& path, const std::string& version) const {
  const auto found = aggregated_.find(path + " " + version);
  return found == aggregated_.end() ? nullptr : &found->second;
}

std::optional<Response> Discovery::respond(const Request& request) const {
  std::string path = request.path;
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  if (request.method != "GET") return method_refused(request, "GET");

  const std::string version = aggregated_version(request);
  if (const Document* document = aggregated(path, version); document != nullptr && !version.empty()) {
    return aggregated_response(request, document->json, document->etag, version);
  }
  const api::Result<OutputFormat> format = negotiate_output(request);
  if (!format) return error_response(format.error(), request);
  return document_response(200, {share(found->second.json)}, *format);
}

}  // namespace skiff::server
