#pragma once

#include "api/base/clock.h"
#include "server/http/http.h"

#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// "Sun, 22 Nov 2026 15:14:18 GMT".
[[nodiscard]] std::string http_date(TimePoint time);

// "Not Found"; "status code N" for codes without a phrase of their own.
[[nodiscard]] std::string reason_phrase(int status);

// How the end of a response's body is told.
struct Framing {
  enum class Kind { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  std::size_t length = 0;
};

// The status line and all headers, blank line included. What would break out of a header line (CR, LF, NUL) is replaced
// by a space. Headers that the connection itself answers for (Content-Length, Transfer-Encoding, Connection, Date) are
// not taken from `headers`.
[[nodiscard]] std::string response_head(int status, const Headers& headers, Framing framing, bool close, TimePoint now);

}  // namespace skiff::server
