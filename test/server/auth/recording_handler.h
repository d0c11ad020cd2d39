#pragma once

#include "server/http/http.h"

#include <optional>
#include <string>
#include <utility>

namespace skiff::server {

// The handler behind the one that is tested: it remembers what reached it.
struct RecordingHandler final : Handler {
  Task<Response> handle(Request request) override {
    seen = std::move(request);
    co_return Response{};
  }
  std::optional<Request> seen;
};

inline std::string text_of(const Response& response) {
  std::string text;
  for (const Slice& slice : response.body) text += slice.bytes;
  return text;
}

}  // namespace skiff::server
