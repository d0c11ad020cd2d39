#include "api/status.h"

#include <boost/assert/source_location.hpp>

#include <array>
#include <stdexcept>

namespace skiff::api {
namespace {

struct ReasonInfo {
  Reason reason;
  std::string_view text;
  int code;
};

constexpr std::array<ReasonInfo, 18> kReasons = {{
    {Reason::kUnknown, "", 500},
    {Reason::kBadRequest, "BadRequest", 400},
    {Reason::kUnauthorized, "Unauthorized", 401},
    {Reason::kForbidden, "Forbidden", 403},
    {Reason::kNotFound, "NotFound", 404},
    {Reason::kMethodNotAllowed, "MethodNotAllowed", 405},
    {Reason::kNotAcceptable, "NotAcceptable", 406},
    {Reason::kAlreadyExists, "AlreadyExists", 409},
    {Reason::kConflict, "Conflict", 409},
    {Reason::kGone, "Gone", 410},
    {Reason::kExpired, "Expired", 410},
    {Reason::kRequestEntityTooLarge, "RequestEntityTooLarge", 413},
    {Reason::kUnsupportedMediaType, "UnsupportedMediaType", 415},
    {Reason::kInvalid, "Invalid", 422},
    {Reason::kTooManyRequests, "TooManyRequests", 429},
    {Reason::kInternalError, "InternalError", 500},
    {Reason::kServiceUnavailable, "ServiceUnavailable", 503},
    {Reason::kTimeout, "Timeout", 504},
}};

const ReasonInfo& info(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

std::string in_quotes(std::string_view text) { return to_json_text(Json(text)); }

// GroupResource.String() and GroupKind.String(): "deployments.apps", "pods".
std::string qualified(std::string_view group, std::string_view name) {
  return group.empty() ? std::string(name) : std::string(name) + "." + std::string(group);
}

Status about(Reason reason, std::string_view group, std::string_view plural, std::string_view name,
             std::string message) {
  Status status;
  status.reason = reason;
  status.message = std::move(message);
  status.name = name;
  status.group = group;
  status.kind = plural;
  return status;
}

Status plain(Reason reason, std::string message) {
  Status status;
  status.reason = reason;
  status.message = std::move(message);
  return status;
}

void put_unless_empty(Json& object, const char* member, const std::string& value) {
  if (!value.empty()) object[member] = value;
}

Json cause_to_json(const StatusCause& cause) {
  Json object = Json::object();
  put_unless_empty(object, "reason", cause.reason);
  put_unless_empty(object, "message", cause.message);
  put_unless_empty(object, "field", cause.field);
  return object;
}

Json details_to_json(const Status& status) {
  Json details = Json::object();
  put_unless_empty(details, "name", status.name);
  put_unless_empty(details, "group", status.group);
  put_unless_empty(details, "kind", status.kind);
  put_unless_empty(details, "uid", status.uid);
  for (const StatusCause& cause : status.causes) details["causes"].push_back(cause_to_json(cause));
  if (status.retry_after_seconds != 0) details["retryAfterSeconds"] = status.retry_after_seconds;
  return details;
}

// The reason that upstream's clients assume when an answer carries none (a proxy's error page, say).
Reason reason_from_code(int http_status) {
  for (const ReasonInfo& entry : kReasons) {
    if (entry.reason != Reason::kUnknown && entry.code == http_status) return entry.reason;
  }
  return Reason::kUnknown;
}

}  // namespace

int http_code(Reason reason) { return info(reason).code; }

std::string_view to_string(Reason reason) { return info(reason).text; }

Reason reason_from_string(std::string_view text) {
  for (const ReasonInfo& entry : kReasons) {
    if (entry.text == text) return entry.reason;
  }
  return Reason::kUnknown;
}

Json to_json(const Status& status) {
  Json metadata = Json::object();
  put_unless_empty(metadata, "continue", status.continue_token);
  Json document = {{"kind", "Status"},
                   {"apiVersion", "v1"},
                   {"metadata", std::move(metadata)},
                   {"status", "Failure"},
                   {"code", status.code()}};
  put_unless_empty(document, "message", status.message);
  put_unless_empty(document, "reason", std::string(to_string(status.reason)));
  // Upstream's constructors of these always fill in details, be it with nothing.
  const bool always = status.reason == Reason::kNotFound || status.reason == Reason::kMethodNotAllowed ||
                      status.reason == Reason::kTimeout;
  Json details = details_to_json(status);
  if (always || !details.empty()) document["details"] = std::move(details);
  return document;
}

Status status_from_json(const Json& document, int http_status) {
  Status status;
  if (string_at(document, {"kind"}) != "Status") {
    status.message = document.is_string() ? document.get<std::string>() : to_json_text(document);
    status.code_override = http_status;
    return status;
  }
  status.reason = reason_from_string(string_at(document, {"reason"}));
  status.message = string_at(document, {"message"});
  status.name = string_at(document, {"details", "name"});
  status.group = string_at(document, {"details", "group"});
  status.kind = string_at(document, {"details", "kind"});
  status.uid = string_at(document, {"details", "uid"});
  status.retry_after_seconds = static_cast<int>(integer_at(document, {"details", "retryAfterSeconds"}));
  status.continue_token = string_at(document, {"metadata", "continue"});
  const Json* causes = find(document, {"details", "causes"});
  if (causes != nullptr && causes->is_array()) {
    for (const Json& cause : *causes) {
      status.causes.push_back(
          {string_at(cause, {"reason"}), string_at(cause, {"message"}), string_at(cause, {"field"})});
    }
  }
  const int code = static_cast<int>(integer_at(document, {"code"}, http_status));
  if (string_at(document, {"reason"}).empty()) status.reason = reason_from_code(code);
  if (code != http_code(status.reason)) status.code_override = code;
  return status;
}

Status not_found(std::string_view group, std::string_view plural, std::string_view name) {
  return about(Reason::kNotFound, group, plural, name, qualified(group, plural) + " " + in_quotes(name) + " not found");
}

Status already_exists(std::string_view group, std::string_view plural, std::string_view name) {
  return about(Reason::kAlreadyExists, group, plural, name,
               qualified(group, plural) + " " + in_quotes(name) + " already exists");
}

Status conflict(std::string_view group, std::string_view plural, std::string_view name, std::string_view message) {
  return about(Reason::kConflict, group, plural, name,
               "Operation cannot be fulfilled on " + qualified(group, plural) + " " + in_quotes(name) + ": " +
                   std::string(message));
}

Status object_modified(std::string_view group, std::string_view plural, std::string_view name) {
  return conflict(group, plural, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

Status forbidden(std::string_view group, std::string_view plural, std::string_view name, std::string_view message) {
  std::string subject = qualified(group, plural);
  if (!subject.empty() && !name.empty()) subject += " " + in_quotes(name);
  const std::string text = (subject.empty() ? "forbidden: " : subject + " is forbidden: ") + std::string(message);
  return about(Reason::kForbidden, group, plural, name, text);
}

Status bad_request(std::string_view message) { return plain(Reason::kBadRequest, std::string(message)); }

Status unauthorized() { return plain(Reason::kUnauthorized, "Unauthorized"); }

Status method_not_allowed(std::string_view group, std::string_view plural, std::string_view verb) {
  return about(Reason::kMethodNotAllowed, group, plural, "",
               std::string(verb) + " is not supported on resources of kind " + in_quotes(qualified(group, plural)));
}

Status expired(std::string_view message) { return plain(Reason::kExpired, std::string(message)); }

Status internal_error(std::string_view message) {
  Status status = plain(Reason::kInternalError, "Internal error occurred: " + std::string(message));
  status.causes.push_back({"", std::string(message), ""});
  return status;
}

Status unavailable(std::string_view message) { return plain(Reason::kServiceUnavailable, std::string(message)); }

Status timeout(std::string_view message) { return plain(Reason::kTimeout, "Timeout: " + std::string(message)); }

void throw_exception_from_error(const Status& status, const boost::source_location& location) {
  throw std::runtime_error(location.to_string() + ": value of a failed operation: " + status.message);
}

}  // namespace skiff::api
