#pragma once

#include "api/base/json.h"
#include "api/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// metav1.StatusReason: what went wrong, in the words that clients branch on. Each has one HTTP code (http_code()).
enum class Reason {
  kUnknown,                // 500
  kBadRequest,             // 400
  kUnauthorized,           // 401
  kForbidden,              // 403
  kNotFound,               // 404
  kMethodNotAllowed,       // 405
  kNotAcceptable,          // 406
  kAlreadyExists,          // 409
  kConflict,               // 409
  kGone,                   // 410
  kExpired,                // 410: resourceVersion or continue token too old
  kRequestEntityTooLarge,  // 413
  kUnsupportedMediaType,   // 415
  kInvalid,                // 422
  kTooManyRequests,        // 429
  kInternalError,          // 500
  kServiceUnavailable,     // 503
  kTimeout,                // 504
};

[[nodiscard]] int http_code(Reason reason);
[[nodiscard]] std::string_view to_string(Reason reason);
// The reason that a Status document names; kUnknown for others.
[[nodiscard]] Reason reason_from_string(std::string_view text);

// metav1.StatusCause.
struct StatusCause {
  std::string reason;   // "FieldValueInvalid"
  std::string message;  // "Invalid value: \"A\": must be lower case"
  std::string field;    // "spec.containers[0].name"
};

// The error of every API operation, below the HTTP layer as well as over the wire: a metav1.Status of status "Failure".
struct Status {
  Reason reason = Reason::kUnknown;
  std::string message;
  // details: what the request was about; empty members are left out.
  std::string name;
  std::string group;
  std::string kind;  // upstream puts the plural resource here for not-found and the kind for invalid
  std::string uid;
  std::vector<StatusCause> causes;
  int retry_after_seconds = 0;
  // Set only where the code is not the reason's usual one.
  int code_override = 0;
  // metadata.continue of an expired list: a token that carries on from the newest state.
  std::string continue_token;

  [[nodiscard]] int code() const { return code_override != 0 ? code_override : http_code(reason); }
};

// The document that clients get: {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",...}.
[[nodiscard]] Json to_json(const Status& status);
// Back from a document of kind Status (any other document gives kUnknown with its text as the message).
[[nodiscard]] Status status_from_json(const Json& document, int http_status);

// Upstream's constructors (apimachinery/pkg/api/errors), with its messages verbatim. `resource` is "deployments.apps"
// in text, from group and plural.
[[nodiscard]] Status not_found(std::string_view group, std::string_view plural, std::string_view name);
[[nodiscard]] Status already_exists(std::string_view group, std::string_view plural, std::string_view name);
[[nodiscard]] Status conflict(std::string_view group, std::string_view plural, std::string_view name,
                              std::string_view message);
// The conflict of an update whose resourceVersion is not the stored one.
[[nodiscard]] Status object_modified(std::string_view group, std::string_view plural, std::string_view name);
[[nodiscard]] Status forbidden(std::string_view group, std::string_view plural, std::string_view name,
                               std::string_view message);
[[nodiscard]] Status bad_request(std::string_view message);
[[nodiscard]] Status unauthorized();
[[nodiscard]] Status method_not_allowed(std::string_view group, std::string_view plural, std::string_view verb);
[[nodiscard]] Status expired(std::string_view message);
[[nodiscard]] Status internal_error(std::string_view message);
[[nodiscard]] Status unavailable(std::string_view message);
[[nodiscard]] Status timeout(std::string_view message);

template <class T>
using Result = boost::system::result<T, Status>;

// Asked for by boost::system::result::value(); we test before we read.
[[noreturn]] void throw_exception_from_error(const Status& status, const boost::source_location& location);

}  // namespace skiff::api
