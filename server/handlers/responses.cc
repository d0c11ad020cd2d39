#include "server/handlers/responses.h"

#include "api/base/check.h"

#include <algorithm>

namespace skiff::server {
namespace {

// Upstream's limits: when all warnings together exceed the first, each is cut to the second, and the rest is dropped.
constexpr std::size_t kMaxWarningBytes = 4 * 1024;
constexpr std::size_t kMaxLongWarningBytes = 256;

std::string joined(const std::vector<Slice>& slices) {
  std::size_t size = 0;
  for (const Slice& slice : slices) size += slice.bytes.size();
  std::string text;
  text.reserve(size);
  for (const Slice& slice : slices) text += slice.bytes;
  return text;
}

// Our own documents, so they parse.
Json parsed(const std::vector<Slice>& json) {
  Json document = Json::parse(joined(json), nullptr, false);
  CHECK_INVARIANT(!document.is_discarded());
  return document;
}

// A warning as the quoted-string of a header: no control characters, quotes and backslashes escaped.
std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return quoted + '"';
}

// At most `length` bytes, cut between characters.
std::string_view cut(std::string_view text, std::size_t length) {
  if (text.size() <= length) return text;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return text.substr(0, length);
}

}  // namespace

Slice share(std::shared_ptr<const std::string> text) {
  const std::string_view bytes = *text;
  return Slice{std::move(text), bytes};
}

Response document_response(int status, std::vector<Slice> json, const OutputFormat& format) {
  Response response;
  response.status = status;
  if (format.encoding == Encoding::kYaml) {
    response.headers.set("Content-Type", "application/yaml");
    response.body.push_back(Slice::of(to_yaml(parsed(json))));
    return response;
  }
  response.headers.set("Content-Type", "application/json");
  if (format.pretty) {
    response.body.push_back(Slice::of(parsed(json).dump(2)));
    return response;
  }
  response.body = std::move(json);
  response.body.push_back(Slice::literal("\n"));
  return response;
}

Response document_response(int status, const Json& document, const OutputFormat& format) {
  std::vector<Slice> json;
  json.push_back(Slice::of(to_json_text(document)));
  return document_response(status, std::move(json), format);
}

Response error_response(const api::Status& status, const Request& request) {
  const api::Result<OutputFormat> format = negotiate_output(request);
  Response response = document_response(status.code(), api::to_json(status), format ? *format : OutputFormat());
  if (status.retry_after_seconds > 0) {
    response.headers.set("Retry-After", std::to_string(status.retry_after_seconds));
  }
  return response;
}

Response method_refused(const Request& request, std::string allowed) {
  Response response = error_response(no_such_method(), request);
  response.headers.set("Allow", std::move(allowed));
  return response;
}

Response indented_response(const Json& document) {
  Response response;
  response.headers.set("Content-Type", "application/json");
  response.body.push_back(Slice::of(document.dump(2)));
  return response;
}

Response text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body.push_back(Slice::of(std::move(text)));
  return response;
}

Json success_status(int code, Json details) {
  Json document = {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Success"}};
  if (!details.empty()) document["details"] = std::move(details);
  if (code != 0) document["code"] = code;
  return document;
}

api::Status no_such_path() {
  api::Status status;
  status.reason = api::Reason::kNotFound;
  status.message = "the server could not find the requested resource";
  return status;
}

api::Status no_such_method() {
  api::Status status;
  status.reason = api::Reason::kMethodNotAllowed;
  status.message = "the server does not allow this method on the requested resource";
  return status;
}

void add_warnings(const std::vector<std::string>& warnings, Response& response) {
  std::size_t total = 0;
  for (const std::string& text : warnings) total += text.size();
  const std::size_t limit = total > kMaxWarningBytes ? kMaxLongWarningBytes : kMaxWarningBytes;
  std::size_t sent = 0;
  for (const std::string& text : warnings) {
    const std::string_view shown = cut(text, limit);
    sent += shown.size();
    if (sent > kMaxWarningBytes) return;
    response.headers.add("Warning", "299 - " + quoted(shown));
  }
}

}  // namespace skiff::server
