#pragma once

#include "store/store.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace skiff::server {

// A store whose writes are timed, under the names by which upstream's API server times its etcd: a dashboard that shows
// whether the disk keeps up does so here, too. Everything else about it is as the one behind it; reads are lookups in
// memory, which nobody waits for.
class MeteredStore final : public store::Store {
 public:
  explicit MeteredStore(std::unique_ptr<store::Store> store);

  void write(store::Write write, Done done) override;
  [[nodiscard]] store::RecordPtr get(std::string_view key) const override { return store_->get(key); }
  [[nodiscard]] store::Result<store::Range> range(const store::Scope& scope, std::string_view after, std::size_t limit,
                                                  store::Revision revision) const override {
    return store_->range(scope, after, limit, revision);
  }
  [[nodiscard]] std::size_t count(std::string_view directory) const override { return store_->count(directory); }
  [[nodiscard]] store::Snapshot snapshot() const override { return store_->snapshot(); }
  [[nodiscard]] store::Revision revision() const override { return store_->revision(); }
  [[nodiscard]] store::Revision compacted_revision() const override { return store_->compacted_revision(); }
  [[nodiscard]] store::Result<std::unique_ptr<store::Watch>> watch(store::Scope scope, store::Revision after,
                                                                   std::function<void()> wake) override {
    return store_->watch(std::move(scope), after, std::move(wake));
  }
  void index(const std::string& collection, const std::string& attribute) override {
    store_->index(collection, attribute);
  }
  [[nodiscard]] store::Result<void> compact(store::Revision revision) override { return store_->compact(revision); }
  void close() override { store_->close(); }

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  // The writes of one kind to one collection.
  struct Figures {
    prometheus::Histogram& duration;
    prometheus::Counter& errors;
  };
  // Compares pairs of strings and of views alike, so that looking up makes no string.
  struct InOrder {
    using is_transparent = void;
    template <class Left, class Right>
    bool operator()(const Left& left, const Right& right) const {
      return std::tie(left.first, left.second) < std::tie(right.first, right.second);
    }
  };
  Figures& figures_of(const store::Write& write);

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Counter>& errors_;
  std::mutex mutex_;
  std::map<std::pair<std::string_view, std::string>, Figures, InOrder> figures_;  // by operation and collection
  const std::unique_ptr<store::Store> store_;  // its writer uses the rest until its end
};

}  // namespace skiff::server
