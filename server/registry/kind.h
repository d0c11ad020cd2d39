#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/resource.h"
#include "api/schema/schema.h"
#include "server/registry/allocator.h"
#include "server/registry/strategy.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// metav1.TableColumnDefinition.
struct TableColumn {
  std::string name;
  std::string type = "string";  // "string", "integer", "date", ...
  std::string format;           // "name" for the name column
  std::string description;
  int priority = 0;  // > 0: only with -o wide
};

// How a kind looks in `kubectl get`.
struct TableSpec {
  std::vector<TableColumn> columns;
  // One row's cells, as many as columns. The object is in the storage version; `now` is for ages.
  std::function<std::vector<Json>(const Json& object, TimePoint now)> row;
};

// One version that a kind is served under. Objects are stored in the storage version and converted on the way in and
// out.
struct ServedVersion {
  std::string group;  // differs between versions only for Event
  std::string version;
  const api::schema::Struct* type = nullptr;
  // In place; apiVersion is set by the caller. Empty: the shape is that of the storage version.
  std::function<void(Json& object)> to_storage;
  std::function<void(Json& object)> from_storage;
  // "apps/v1beta2 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment": sent as a Warning
  // header.
  std::string deprecation_warning;

  [[nodiscard]] std::string api_version() const;  // "apps/v1", "v1"
};

// The scale subresource: where an object keeps what autoscaling/v1 Scale shows.
struct ScaleSpec {
  // The label selector in query form.
  std::function<std::string(const Json& object)> selector;
};

// All that the server knows about a kind. A new kind is a schema, a Strategy and one of these
// (server/registry/kinds.cc).
struct Kind {
  std::string kind;      // "Deployment"
  std::string plural;    // "deployments"
  std::string singular;  // "deployment"
  std::vector<std::string> short_names;
  std::vector<std::string> categories;  // "all"
  bool namespaced = true;
  bool has_status = false;
  std::optional<ScaleSpec> scale;
  // Served versions in order of preference; the first is the storage version.
  std::vector<ServedVersion> versions;
  // Verbs of the collection as discovery lists them; empty: all (create, delete, deletecollection, get, list, patch,
  // update, watch).
  std::vector<std::string> verbs;
  // Further subresources that a handler knows by name ("binding", "log", "eviction", "token"), for discovery.
  struct Subresource {
    std::string name;
    std::string group, version, kind;  // of what is sent; the parent's when empty
    std::vector<std::string> verbs;
  };
  std::vector<Subresource> subresources;
  // A deletion answers with the object (upstream's ReturnDeletedObject) instead of a Status of "Success".
  bool returns_deleted_object = false;
  std::shared_ptr<const Strategy> strategy;
  // For kinds whose objects share a stock; each registry makes one.
  std::function<std::unique_ptr<Allocator>()> make_allocator;
  TableSpec table;

  [[nodiscard]] const ServedVersion& storage_version() const { return versions.front(); }
  // The group in keys, messages and details: the storage version's.
  [[nodiscard]] const std::string& group() const { return versions.front().group; }
  [[nodiscard]] const Subresource* find_subresource(std::string_view name) const;
  // The first segments of the keys of its objects: "/pods/", "/deployments.apps/".
  [[nodiscard]] std::string key_prefix() const;
};

// A kind as one version serves it.
struct ServedKind {
  const Kind* kind = nullptr;
  const ServedVersion* version = nullptr;

  [[nodiscard]] explicit operator bool() const { return kind != nullptr; }
};

// The kinds of a server, fixed at start (custom resources will make it grow). Thread-safe.
class KindTable {
 public:
  explicit KindTable(std::vector<Kind> kinds);
  KindTable(const KindTable&) = delete;
  KindTable& operator=(const KindTable&) = delete;

  // Null members when nothing is served there.
  [[nodiscard]] ServedKind find(std::string_view group, std::string_view version, std::string_view plural) const;
  [[nodiscard]] ServedKind find(const api::ResourceType& resource) const;
  // By the kind's name instead of the plural: what a document's apiVersion and kind mean.
  [[nodiscard]] ServedKind find_by_kind(std::string_view group, std::string_view version, std::string_view kind) const;
  [[nodiscard]] const std::vector<Kind>& all() const { return kinds_; }

 private:
  std::vector<Kind> kinds_;
};

// What differs between servers.
struct KindOptions {
  // An IPv4 network with a prefix of 12 to 29 bits; anything else is our mistake (the command line has checked it).
  std::string service_cluster_ip_range = "10.96.0.0/12";
  std::uint16_t first_node_port = 30000;
  std::uint16_t last_node_port = 32767;
};

// All built-in kinds.
[[nodiscard]] std::vector<Kind> builtin_kinds(const api::schema::Catalog& catalog, const KindOptions& options = {});

}  // namespace skiff::server
