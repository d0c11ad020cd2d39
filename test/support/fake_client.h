#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace skiff::test {

// A clock that stands still until it is moved.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void advance(std::chrono::nanoseconds time) { now_ += std::chrono::duration_cast<TimePoint::duration>(time); }

 private:
  TimePoint now_ = *parse_time("2026-11-22T12:00:00Z");
};

// The API in a map, for tests of what sits behind api::Client: names, uids, revisions, generations, conflicts, watches
// with resume, finalizers and the subresources that controllers use. No schema: no defaults, no validation. Everything
// on one thread; every call suspends once, so that others run meanwhile, as they do with the real one.
class FakeClient final : public api::Client {
 public:
  FakeClient(asio::any_io_executor executor, const Clock& clock);
  ~FakeClient() override;

  Task<api::Result<api::ObjectPtr>> get(const api::ResourceType& resource, api::NamespacedName name) override;
  Task<api::Result<api::ObjectList>> list(const api::ResourceType& resource, std::string namespace_,
                                          api::ListOptions options) override;
  Task<api::Result<api::ObjectPtr>> create(const api::ResourceType& resource, std::string namespace_, Json object,
                                           api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> update(const api::ResourceType& resource, Json object,
                                           api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> patch(const api::ResourceType& resource, api::NamespacedName name,
                                          api::PatchType type, Json patch, api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> remove(const api::ResourceType& resource, api::NamespacedName name,
                                           api::DeleteOptions options) override;
  Task<api::Result<std::unique_ptr<api::WatchStream>>> watch(const api::ResourceType& resource, std::string namespace_,
                                                             api::WatchOptions options) override;

  // A request that has been answered: "create pods default/x", "update replicasets/status default/y".
  [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }
  [[nodiscard]] std::size_t count_requests(std::string_view prefix) const;

  // The next `times` requests whose text (see requests()) begins with `prefix` fail with `error`.
  void fail(std::string prefix, api::Status error, int times = 1);
  // Ends all watches with `error`.
  void break_watches(const api::Status& error);
  // Forgets the history: a watch from an older revision is refused as expired.
  void compact();

  // The present state, without a request. Null when there is none.
  [[nodiscard]] api::ObjectPtr peek(const api::ResourceType& resource, const api::NamespacedName& name) const;
  [[nodiscard]] std::vector<api::ObjectPtr> peek_all(const api::ResourceType& resource) const;
  // Writes behind everybody's back, as another client would; returns what is stored.
  api::ObjectPtr put(const api::ResourceType& resource, Json object);
  // Changes an object that exists, as another client would.
  void modify(const api::ResourceType& resource, const api::NamespacedName& name,
              const std::function<void(Json&)>& change);
  void erase(const api::ResourceType& resource, const api::NamespacedName& name);

 private:
  class Stream;
  struct Change {
    std::string plural;
    std::int64_t revision = 0;
    api::WatchEvent event;
  };
  struct Fault {
    std::string prefix;
    api::Status error;
    int times = 0;
  };
  using Collection = std::map<api::NamespacedName, api::ObjectPtr>;

  Task<api::Result<void>> enter(std::string request);
  // "token-1", "token-2", ...
  api::ObjectPtr issue_token(Json request);
  api::Result<api::ObjectPtr> create_now(const api::ResourceType& resource, const std::string& namespace_, Json object);
  api::Result<api::ObjectPtr> update_now(const api::ResourceType& resource, Json object,
                                         const std::string& subresource);
  api::Result<api::ObjectPtr> bind_now(const api::NamespacedName& pod, const Json& binding);
  api::Result<api::ObjectPtr> remove_now(const api::ResourceType& resource, const api::NamespacedName& name,
                                         const api::DeleteOptions& options);
  // Stores (or, with `type` kDeleted, removes) the object at a new revision and tells the watches.
  api::ObjectPtr commit(const api::ResourceType& resource, Json object, api::WatchEventType type);
  [[nodiscard]] api::Status missing(const api::ResourceType& resource, const std::string& name) const;

  asio::any_io_executor executor_;
  int tokens_issued_ = 0;
  const Clock& clock_;
  std::map<std::string, Collection, std::less<>> objects_;  // by plural
  std::deque<Change> history_;
  std::int64_t revision_ = 1;
  std::int64_t compacted_ = 0;
  std::vector<Stream*> streams_;
  std::vector<std::string> requests_;
  std::vector<Fault> faults_;
};

}  // namespace skiff::test
