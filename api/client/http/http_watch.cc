#include "api/client/http/http_watch.h"

#include "api/client/http/http_client.h"

#include <optional>

namespace skiff::api {

namespace {

std::optional<WatchEventType> event_type(const std::string& text) {
  if (text == "ADDED") return WatchEventType::kAdded;
  if (text == "MODIFIED") return WatchEventType::kModified;
  if (text == "DELETED") return WatchEventType::kDeleted;
  if (text == "BOOKMARK") return WatchEventType::kBookmark;
  if (text == "ERROR") return WatchEventType::kError;
  return std::nullopt;
}

Result<WatchEvent> parse_event(const std::string& line) {
  auto parsed = parse_json(line);
  if (!parsed) return internal_error("unexpected watch event: " + parsed.error().message);
  const auto type = event_type(string_at(parsed->value, {"type"}));
  const auto object = parsed->value.find("object");
  if (!type || object == parsed->value.end() || !object->is_object()) {
    return internal_error("unexpected watch event: " + line.substr(0, 200));
  }
  WatchEvent event;
  event.type = *type;
  if (*type == WatchEventType::kError) {
    event.error = status_from_json(*object, static_cast<int>(integer_at(*object, {"code"}, 500)));
  } else {
    event.object = without_managed_fields(std::move(*object));
  }
  return event;
}

}  // namespace

Task<Result<std::string>> HttpWatch::next_line() {
  for (;;) {
    const auto end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      searched_ = 0;
      co_return line;
    }
    searched_ = buffer_.size();
    if (buffer_.size() > HttpClient::kMaxDocumentBytes) co_return unavailable("the event is too long");
    const Result<std::string> piece = co_await connection_->read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return unavailable("the server has ended the watch");
    buffer_ += *piece;
  }
}

Task<Result<WatchEvent>> HttpWatch::next() {
  Result<std::string> line = unavailable("the watch was cancelled");
  if (!cancelled_) line = co_await next_line();
  if (cancelled_) {
    Status gone;
    gone.reason = Reason::kGone;
    gone.message = "the watch was cancelled";
    co_return gone;
  }
  if (!line) co_return line.error();
  co_return parse_event(*line);
}

void HttpWatch::cancel() {
  cancelled_ = true;
  connection_->close();
}

}  // namespace skiff::api
