#include "server/http/response_head.h"

#include "api/base/text.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace skiff::server {

namespace {

constexpr std::pair<int, std::string_view> kPhrases[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

void append_line(std::string& head, std::string_view name, std::string_view value) {
  const auto clean = [](char c) { return c == '\r' || c == '\n' || c == '\0' ? ' ' : c; };
  std::transform(name.begin(), name.end(), std::back_inserter(head), clean);
  head += ": ";
  std::transform(value.begin(), value.end(), std::back_inserter(head), clean);
  head += "\r\n";
}

bool is_ours(const std::string& name) {
  for (const char* ours : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
    if (equal_ignoring_case(name, ours)) return true;
  }
  return false;
}

}  // namespace

std::string http_date(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  // Locale "C" is never left, so the names are English.
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text.data(), length);
}

std::string reason_phrase(int status) {
  for (const auto& [code, phrase] : kPhrases) {
    if (code == status) return std::string(phrase);
  }
  return "status code " + std::to_string(status);
}

std::string response_head(int status, const Headers& headers, Framing framing, bool close, TimePoint now) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " + reason_phrase(status) + "\r\n";
  for (const auto& [name, value] : headers.all()) {
    // Which protocol the connection changes to is said in "Connection", by who changes it.
    if (!is_ours(name) || status == 101) append_line(head, name, value);
  }
  append_line(head, "Date", http_date(now));
  if (framing.kind == Framing::Kind::kLength) append_line(head, "Content-Length", std::to_string(framing.length));
  if (framing.kind == Framing::Kind::kChunked) append_line(head, "Transfer-Encoding", "chunked");
  if (close) append_line(head, "Connection", "close");
  head += "\r\n";
  return head;
}

}  // namespace skiff::server
