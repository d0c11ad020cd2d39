#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/switch_protocol.h"
#include "server/handlers/verbs.h"
#include "server/http/upgrade_request.h"
#include "server/metrics/request_metrics.h"
#include "server/streaming/websocket_lines.h"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <random>

namespace skiff::server {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// A watch without timeoutSeconds ends after this long or up to twice as long, so that not all come back at once.
constexpr seconds kMinWatchTimeout{1800};
// Longer than anybody means.
constexpr seconds kMaxWatchTimeout = std::chrono::hours(24 * 365);
// How often a client that asked for bookmarks is told where it stands.
constexpr seconds kBookmarkPeriod{60};
// Events put into one piece of the body. A client that reads slowly holds back no more than these; the rest stays in
// the store's log.
constexpr std::size_t kMaxEventsPerPiece = 128;

std::string_view frame_start(api::WatchEventType type) {
  switch (type) {
    case api::WatchEventType::kAdded:
      return "{\"type\":\"ADDED\",\"object\":";
    case api::WatchEventType::kModified:
      return "{\"type\":\"MODIFIED\",\"object\":";
    case api::WatchEventType::kDeleted:
      return "{\"type\":\"DELETED\",\"object\":";
    case api::WatchEventType::kBookmark:
      return "{\"type\":\"BOOKMARK\",\"object\":";
    case api::WatchEventType::kError:
      break;
  }
  return "{\"type\":\"ERROR\",\"object\":";
}

struct WatchOptions {
  seconds timeout{};
  bool bookmarks = false;
  // A bookmark says where the present state ends and the changes begin.
  bool mark_initial_events = false;
};

// The body of a watch: one line per event. Events are shared with all other watchers and are fetched only when the
// connection asks for the next piece, so a client that never reads costs nothing but its place in the log; when the log
// has moved on without it, it is told 410 and the watch ends.
class WatchBody final : public BodyStream {
 public:
  WatchBody(asio::any_io_executor executor, Rendering rendering, WatchOptions options, prometheus::Counter& sent)
      : signal_(std::move(executor)),
        rendering_(std::move(rendering)),
        options_(options),
        sent_(sent),
        deadline_(steady_clock::now() + options.timeout),
        next_bookmark_(steady_clock::now() + kBookmarkPeriod) {}

  [[nodiscard]] std::function<void()> notifier() const { return signal_.notifier(); }
  void follow(std::unique_ptr<RegistryWatch> watch) { watch_ = std::move(watch); }
  // The watch ends before it began: the client gets this one event.
  void fail(const api::Status& status) { failure_ = status; }

  Task<std::vector<Slice>> next() override {
    std::vector<Slice> frames;
    while (!ended_) {
      append_events(frames);
      if (frames.empty()) append_due_bookmark(frames);
      if (!frames.empty() || ended_) break;
      const steady_clock::time_point wake_up = options_.bookmarks ? std::min(deadline_, next_bookmark_) : deadline_;
      co_await signal_.wait_until(wake_up);
    }
    co_return frames;
  }

  void cancel() override {
    ended_ = true;
    signal_.notify();
  }

 private:
  void append_events(std::vector<Slice>& frames) {
    if (failure_) {
      append_error(*failure_, frames);
      return;
    }
    // Before the first change, however many wait: a client must not wait for the end of its list until nobody writes.
    if (options_.mark_initial_events && watch_->position() > 0) {
      options_.mark_initial_events = false;
      append_bookmark(true, frames);
    }
    std::vector<RegistryEvent> events;
    const api::Result<void> polled = watch_->poll(events, kMaxEventsPerPiece);
    frames.reserve(frames.size() + 3 * events.size());
    for (const RegistryEvent& event : events) {
      frames.push_back(Slice::literal(frame_start(event.type)));
      rendering_.append_watched(event.record, take_columns(), frames);
      frames.push_back(Slice::literal("}\n"));
    }
    if (!events.empty()) sent_.Increment(static_cast<double>(events.size()));
    if (!polled) append_error(polled.error(), frames);
  }

  // A shutdown ends the stream without a word, as a time-out does: the client carries on with another server.
  void append_error(const api::Status& status, std::vector<Slice>& frames) {
    ended_ = true;
    if (status.reason == api::Reason::kServiceUnavailable) return;
    frames.push_back(Slice::literal(frame_start(api::WatchEventType::kError)));
    frames.push_back(Slice::of(to_json_text(api::to_json(status))));
    frames.push_back(Slice::literal("}\n"));
  }

  // Called when there are no events, that is when everything up to the watch's position has been sent.
  void append_due_bookmark(std::vector<Slice>& frames) {
    if (ended_) return;
    const steady_clock::time_point now = steady_clock::now();
    if (now >= deadline_) ended_ = true;
    if (!options_.bookmarks) return;
    if (!ended_ && now < next_bookmark_) return;
    next_bookmark_ = now + kBookmarkPeriod;
    append_bookmark(false, frames);
  }

  void append_bookmark(bool initial_events_end, std::vector<Slice>& frames) {
    frames.push_back(Slice::literal(frame_start(api::WatchEventType::kBookmark)));
    rendering_.append_bookmark(watch_->position(), initial_events_end, take_columns(), frames);
    frames.push_back(Slice::literal("}\n"));
  }

  bool take_columns() { return std::exchange(columns_wanted_, false); }

  Signal signal_;
  const Rendering rendering_;
  WatchOptions options_;
  prometheus::Counter& sent_;
  const steady_clock::time_point deadline_;
  steady_clock::time_point next_bookmark_;
  std::unique_ptr<RegistryWatch> watch_;
  std::optional<api::Status> failure_;
  bool columns_wanted_ = true;
  bool ended_ = false;
};

seconds timeout_of(const ListQuery& query) {
  if (const std::int64_t asked = query.timeout_seconds.value_or(0); asked > 0) {
    return seconds(std::min<std::int64_t>(asked, kMaxWatchTimeout.count()));
  }
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<seconds::rep> spread(0, kMinWatchTimeout.count());
  return kMinWatchTimeout + seconds(spread(random));
}

api::Result<WatchParams> watch_params(const ResourceCall& call, ListQuery query) {
  WatchParams params;
  params.label_selector = std::move(query.params.label_selector);
  params.field_selector = std::move(query.params.field_selector);
  params.resource_version = std::move(query.params.resource_version);
  params.initial_events = query.send_initial_events;
  if (call.info.name.empty()) return params;

  // The path names the one object to be watched; a field selector may only say the same.
  if (params.field_selector.empty()) {
    auto by_name = api::FieldSelector::parse("metadata.name=" + call.info.name);
    if (!by_name) return by_name.error();
    params.field_selector = std::move(*by_name);
  } else if (Selection({}, params.field_selector).only_name() != call.info.name) {
    return api::bad_request("fieldSelector metadata.name doesn't match requested name");
  }
  return params;
}

// What upstream tells in the stream, once the request itself is in order; clients look for it there.
bool belongs_in_stream(const api::Status& status) {
  return status.reason == api::Reason::kExpired || status.reason == api::Reason::kTimeout;
}

// The body as it is, or over a WebSocket for those who ask for one (browsers).
Response respond_with(const Headers& request, std::unique_ptr<BodyStream> body) {
  if (requested_upgrade(request) == UpgradeKind::kWebSocket) {
    // Nothing else is spoken inside, so that whatever the client offers will do.
    const std::vector<std::string> offered = offered_protocols(request, kWebSocketProtocolHeader);
    const std::string protocol = offered.empty() ? "" : offered.front();
    return switch_to_websocket(request, protocol, std::make_unique<WebSocketLines>(std::move(body)));
  }
  Response response;
  response.headers.set("Content-Type", "application/json");
  response.stream = std::move(body);
  return response;
}

}  // namespace

VerbResult watch_objects(ResourceCall& call) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  api::Result<OutputFormat> format = negotiate_watch_output(call.request);
  if (!format) co_return format.error();
  api::Result<ListQuery> query = list_query(call.request);
  if (!query) co_return query.error();
  WatchOptions options;
  options.timeout = timeout_of(*query);
  options.bookmarks = query->allow_bookmarks;
  options.mark_initial_events = options.bookmarks && query->send_initial_events.value_or(false);
  const api::Result<WatchParams> params = watch_params(call, std::move(*query));
  if (!params) co_return params.error();
  Rendering rendering(call.registry, call.kind, std::move(*format));
  if (auto possible = rendering.check_single(); !possible) co_return possible.error();
  const ServedVersion& version = *call.kind.version;
  prometheus::Counter& sent = call.metrics.watch_events(version.group, version.version, call.kind.kind->kind);
  auto body = std::make_unique<WatchBody>(executor, std::move(rendering), options, sent);

  auto watch = call.registry.watch(call.kind, call.collection_namespace(), *params, body->notifier());
  if (watch) {
    body->follow(std::move(*watch));
  } else if (belongs_in_stream(watch.error())) {
    body->fail(watch.error());
  } else {
    co_return watch.error();
  }
  co_return respond_with(call.request.headers, std::move(body));
}

}  // namespace skiff::server
