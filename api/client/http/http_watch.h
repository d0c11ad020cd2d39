#pragma once

#include "api/client.h"
#include "api/client/http/http_connection.h"

#include <memory>
#include <string>

namespace skiff::api {

// The object as components share it.
[[nodiscard]] ObjectPtr without_managed_fields(Json object);

// The answer to a watch request: one JSON document per line, {"type": "ADDED", "object": {...}}. See WatchStream.
class HttpWatch final : public WatchStream {
 public:
  // The head of a successful answer has been read.
  explicit HttpWatch(std::unique_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}

  Task<Result<WatchEvent>> next() override;
  void cancel() override;

 private:
  // The next line without its end.
  Task<Result<std::string>> next_line();

  std::unique_ptr<HttpConnection> connection_;
  std::string buffer_;
  std::size_t searched_ = 0;  // so much of the buffer has no end of a line in it
  bool cancelled_ = false;
};

}  // namespace skiff::api
