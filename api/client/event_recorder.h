#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/client/controller.h"
#include "api/client/event_correlator.h"

#include <list>
#include <string>
#include <unordered_map>

namespace skiff::api {

// The reference to an object that carries apiVersion and kind, as all objects do that come from a Client.
[[nodiscard]] ObjectReference reference_to(const Json& object, std::string field_path = "");

// Tells users what happened, as core/v1 Event objects ("kubectl describe", "kubectl events").
//
// Operation: record() only notes; a few workers write. What repeats is folded into one Event with a count (see
// EventCorrelator), also while it waits to be written.
// Concurrency: everything on the executor given, which has one thread.
// It will not: make its caller wait, keep more than kMaxPending unwritten Events (further ones are dropped), try longer
// than kMaxTries to write one, or write what is unwritten at stop().
class EventRecorder {
 public:
  static constexpr std::size_t kMaxPending = 4096;
  static constexpr std::size_t kMaxEvents = 8192;
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

 private:
  // An Event object as it is, or will be, in the API.
  struct Event {
    Happening happening;  // of the latest one, with the message to show
    std::string name;
    int count = 0;
    TimePoint first;
    TimePoint last;
    bool created = false;
    bool pending = false;                    // something of it is not written yet
    std::list<std::string>::iterator place;  // in order_
  };

  Event* find_or_add(const std::string& key, TimePoint now);
  void forget(const std::string& key);
  void begin_anew(Event& event, const Happening& happening, TimePoint now);
  Task<Result<void>> write(std::string key);
  [[nodiscard]] Json document(const Event& event) const;
  // What changes when it happens again.
  [[nodiscard]] Json repetition(const Event& event) const;

  Client& client_;
  const Clock& clock_;
  const Source source_;
  EventCorrelator correlator_;
  std::unordered_map<std::string, Event> events_;
  std::list<std::string> order_;  // keys of events_, the one that happened last in front
  std::size_t pending_ = 0;
  std::int64_t last_name_ = 0;  // nanoseconds; no two names are the same
  Controller writer_;
};

}  // namespace skiff::api
