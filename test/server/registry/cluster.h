#pragma once

#include "api/base/clock.h"
#include "api/views/meta.h"
#include "server/registry/bootstrap.h"
#include "server/registry/registry.h"
#include "store/memory/memory_store.h"
#include "test/support/run.h"

#include <memory>
#include <string>

namespace skiff::test {

// A clock that stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void advance(std::chrono::seconds by) { now_ += by; }

 private:
  TimePoint now_ = *parse_time("2026-11-22T10:00:00Z");
};

// The built-in schemas, read once.
[[nodiscard]] inline const api::schema::Catalog& catalog() {
  static const std::unique_ptr<const api::schema::Catalog> builtin = api::schema::Catalog::builtin();
  return *builtin;
}

// A registry over a memory store with the initial namespaces, and its verbs as plain calls.
class Cluster {
 public:
  Cluster() {
    // As the components of a server do; so what they are given is what was written, and not what was parsed.
    for (const server::Kind& each : kinds.all()) registry.follow({&each, &each.storage_version()});
    const auto made = run(io, server::bootstrap(registry));
    if (!made) throw std::runtime_error("bootstrap: " + made.error().message);
  }

  [[nodiscard]] server::ServedKind kind(const api::ResourceType& resource) const { return kinds.find(resource); }

  api::Result<store::RecordPtr> create_record(const api::ResourceType& resource, Json object,
                                              std::string namespace_ = "default") {
    if (!resource.namespaced) namespace_.clear();
    return run(io, registry.create(context, kind(resource), std::move(namespace_), std::move(object), params));
  }

  api::Result<Json> create(const api::ResourceType& resource, Json object, std::string namespace_ = "default") {
    return document(kind(resource), create_record(resource, std::move(object), std::move(namespace_)));
  }

  api::Result<Json> get(const api::ResourceType& resource, const std::string& name) {
    return document(kind(resource), registry.get(kind(resource), key(resource, name)));
  }

  api::Result<Json> update(const api::ResourceType& resource, Json object, std::string subresource = "") {
    api::NamespacedName name = api::key_of(object);
    auto written = run(io, registry.update(context, kind(resource), std::move(name), std::move(subresource),
                                           std::move(object), params));
    if (!written) return written.error();
    return document(kind(resource), written->record);
  }

  api::Result<Json> patch(const api::ResourceType& resource, const std::string& name, api::PatchType type, Json patch,
                          std::string subresource = "") {
    auto written = run(io, registry.patch(context, kind(resource), key(resource, name), std::move(subresource), type,
                                          std::move(patch), params));
    if (!written) return written.error();
    return document(kind(resource), written->record);
  }

  api::Result<server::Registry::Deleted> remove(const api::ResourceType& resource, const std::string& name,
                                                api::DeleteOptions options = {}) {
    return run(io, registry.remove(context, kind(resource), key(resource, name), std::move(options)));
  }

  [[nodiscard]] api::Result<Json> document(const server::ServedKind& served,
                                           const api::Result<store::RecordPtr>& record) const {
    if (!record) return record.error();
    Json document = parse_json(*registry.encode(served, *record))->value;
    check_shared(served, *record, document);
    return {boost::system::in_place_value, std::move(document)};
  }

  [[nodiscard]] static api::NamespacedName key(const api::ResourceType& resource, const std::string& name) {
    return api::NamespacedName{resource.namespaced ? "default" : "", name};
  }

  // Whatever is written: what the server's own components are given is what everybody else reads.
  void check_shared(const server::ServedKind& served, const store::RecordPtr& record, Json document) const {
    if (served.version != &served.kind->storage_version()) return;
    document["metadata"].erase("managedFields");
    const auto shared = registry.object(served, record);
    if (!shared || **shared != document)
      throw std::logic_error("components are given something else: " + record->value);
  }

  asio::io_context io;
  ManualClock clock;
  server::KindTable kinds{server::builtin_kinds(catalog())};
  std::unique_ptr<store::Store> store = store::open_memory_store();
  server::Registry registry{*store, kinds, catalog(), clock, server::default_admission(server::AdmissionOptions{})};
  server::CallContext context;
  server::WriteParams params;
};

// Documents to begin with.
[[nodiscard]] inline Json config_map(const std::string& name, Json data = Json::object()) {
  return Json{{"metadata", {{"name", name}}}, {"data", std::move(data)}};
}

[[nodiscard]] inline Json pod(const std::string& name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "nginx:1.13"}}})}}}};
}

[[nodiscard]] inline Json deployment(const std::string& name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec",
               {{"selector", {{"matchLabels", {{"app", "web"}}}}},
                {"template",
                 {{"metadata", {{"labels", {{"app", "web"}}}}},
                  {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "nginx"}}})}}}}}}}};
}

// The message of a failure, or what came instead.
template <class T>
[[nodiscard]] std::string message_of(const api::Result<T>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace skiff::test
