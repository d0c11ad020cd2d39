#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/client/controller.h"
#include "api/client/event_correlator.h"
#include "api/client/recently_used.h"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace skiff::api {

// The reference to an object that carries apiVersion and kind, as all objects do that come from a Client.
[[nodiscard]] ObjectReference reference_to(const Json& object, std::string field_path = "");

// Tells users what happened, as core/v1 Event objects ("kubectl describe", "kubectl events").
//
// Operation: record() only notes; a few workers write. What repeats is folded into one Event with a count (see
// EventCorrelator), also while it waits to be written. Of an Event that is written only what its next repetition needs
// is kept, and that no longer than it could be counted up: where nothing happens, nothing is remembered after a while.
// Concurrency: everything on the executor given, which has one thread.
// It will not: make its caller wait, keep more than kMaxPending unwritten Events (further ones are dropped), try longer
// than kMaxTries to write one, or write what is unwritten at stop().
class EventRecorder {
 public:
  static constexpr std::size_t kMaxPending = 4096;
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr unsigned kMaxTries = 12;
  static constexpr std::size_t kWorkers = 32;

  // Whose events these are: "kubelet" on a host, "default-scheduler", "deployment-controller".
  struct Source {
    std::string component;
    std::string host;  // empty for what is not tied to a node
    // In the form of events.k8s.io, as upstream's scheduler writes them: with the time and a series instead of the
    // first time, the last and a count. Such Events need a host, and an action with each happening.
    bool as_series = false;
  };

  EventRecorder(asio::any_io_executor executor, Client& client, const Clock& clock, Source source);

  void record(Happening happening);
  void normal(const Json& object, std::string reason, std::string message, std::string action = "");
  void warning(const Json& object, std::string reason, std::string message, std::string action = "");

  void start() { writer_.start(); }
  Task<void> stop();

  // Forgets what makes no difference any more. A timer calls that while there is something to forget.
  void forget_old();
  // How many Events, groups of them and objects are remembered.
  [[nodiscard]] std::size_t remembered() const { return pending_.size() + written_.size() + correlator_.remembered(); }

 private:
  // An Event object as it is, or will be, in the API, but for what its next repetition says again.
  struct Series {
    std::int64_t number = 0;  // the end of its name, in nanoseconds; no two are the same
    TimePoint first;
    TimePoint last;
    int count = 0;
    bool created = false;
  };
  // One of which something is not written yet.
  struct Pending {
    Happening happening;  // the latest, with the message to show
    Series series;
  };

  // The Event to count up, or one with count 0 to begin; null when too many wait already.
  Pending* find_or_add(const std::string& key, TimePoint now);
  void begin_anew(Series& series, TimePoint now);
  Task<Result<ObjectPtr>> put(const Pending& event);
  Task<Result<void>> write(std::string key);
  void forget_later();
  [[nodiscard]] Json document(const Pending& event) const;
  // What changes when it happens again.
  [[nodiscard]] Json repetition(const Pending& event) const;

  Client& client_;
  const Clock& clock_;
  const Source source_;
  EventCorrelator correlator_;
  std::unordered_map<std::string, Pending> pending_;                        // by the correlator's key
  RecentlyUsed<Series> written_{EventCorrelator::kWindow, kMaxRemembered};  // by the same
  std::int64_t last_number_ = 0;
  Controller writer_;
  asio::steady_timer forgetting_;
  bool forgets_later_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::api
