#include "server/metrics/metered_store.h"

#include "api/base/buckets.h"
#include "server/metrics/request_metrics.h"

#include <chrono>

namespace skiff::server {
namespace {

std::string_view operation_of(const store::Write& write) {
  if (!write.value) return "delete";
  return write.expected == 0 ? "create" : "update";
}

// "pods" of "/pods/default/web".
std::string_view collection_of(std::string_view key) {
  key.remove_prefix(1);
  return key.substr(0, key.find('/'));
}

}  // namespace

MeteredStore::MeteredStore(std::unique_ptr<store::Store> store)
    : durations_(prometheus::BuildHistogram()
                     .Name("etcd_request_duration_seconds")
                     .Help("[ALPHA] Seconds until a write to the store is durable, by operation and object type.")
                     .Register(registry_)),
      errors_(prometheus::BuildCounter()
                  .Name("etcd_request_errors_total")
                  .Help("[ALPHA] Writes that the store could not do, by operation and object type.")
                  .Register(registry_)),
      store_(std::move(store)) {}

MeteredStore::Figures& MeteredStore::figures_of(const store::Write& write) {
  const std::string_view operation = operation_of(write);
  const std::string_view collection = collection_of(write.key);
  const std::lock_guard lock(mutex_);
  const auto known = figures_.find(std::pair(operation, collection));
  if (known != figures_.end()) return known->second;
  const std::map<std::string, std::string> labels = {{"operation", std::string(operation)},
                                                     {"type", std::string(collection)}};
  const Figures figures{durations_.Add(labels, request_time_buckets()), errors_.Add(labels)};
  return figures_.emplace(std::pair(operation, std::string(collection)), figures).first->second;
}

void MeteredStore::write(store::Write write, Done done) {
  Figures& figures = figures_of(write);
  const auto begin = std::chrono::steady_clock::now();
  store_->write(std::move(write), [&figures, begin, done = std::move(done)](store::Result<store::RecordPtr> result) {
    const auto time = std::chrono::steady_clock::now() - begin;
    figures.duration.Observe(in_seconds(time));
    // A lost race is an answer, not an error.
    if (!result && result.error().code != store::Code::kConflict) figures.errors.Increment();
    done(std::move(result));
  });
}

}  // namespace skiff::server
