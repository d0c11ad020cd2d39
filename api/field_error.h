#pragma once

#include "api/base/json.h"
#include "api/status.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// One finding of validation: apimachinery's field.Error, whose wording clients and people know by heart.
enum class FieldErrorType {
  kRequired,      // "Required value"           FieldValueRequired
  kDuplicate,     // "Duplicate value"          FieldValueDuplicate
  kInvalid,       // "Invalid value"            FieldValueInvalid
  kNotSupported,  // "Unsupported value"        FieldValueNotSupported
  kForbidden,     // "Forbidden"                FieldValueForbidden
  kTooLong,       // "Too long"                 FieldValueTooLong
  kTooMany,       // "Too many"                 FieldValueTooMany
  kNotFound,      // "Not found"                FieldValueNotFound
  kInternal,      // "Internal error"           InternalError
  kTypeInvalid,   // "Invalid value" of a wrong JSON type   FieldValueTypeInvalid
};

struct FieldError {
  FieldErrorType type;
  std::string field;  // "spec.template.spec.containers[0].image"
  std::string value;  // as printed in the message (strings quoted, objects as JSON); unused for required and forbidden
  std::string detail;

  // `Invalid value: "A_b": a lowercase RFC 1123 ...`, without the field in front.
  [[nodiscard]] std::string body() const;
  // `metadata.name: Invalid value: "A_b": a lowercase RFC 1123 ...`.
  [[nodiscard]] std::string message() const { return field + ": " + body(); }
};

// Collects findings; every validator takes one and a path and appends.
class FieldErrors {
 public:
  void required(std::string field, std::string detail = "");
  void invalid(std::string field, const Json& value, std::string detail);
  // The same with a value that has been printed already, as lists and structs are (api/go_syntax.h).
  void invalid_as(std::string field, std::string printed_value, std::string detail);
  void duplicate(std::string field, const Json& value);
  // `supported` in upstream's order of the message: sorted, quoted, separated by ", ".
  void not_supported(std::string field, const Json& value, const std::vector<std::string>& supported);
  void forbidden(std::string field, std::string detail);
  void too_long(std::string field, std::size_t max_length);
  void too_many(std::string field, std::size_t count, std::size_t max_items);
  void not_found(std::string field, const Json& value);
  void add(FieldError error) { errors_.push_back(std::move(error)); }

  [[nodiscard]] bool empty() const { return errors_.empty(); }
  [[nodiscard]] const std::vector<FieldError>& all() const { return errors_; }

 private:
  std::vector<FieldError> errors_;
};

// The 422 Status of upstream's NewInvalid: `Deployment.apps "x" is invalid: spec.replicas: Invalid value: ...` (one
// error plain, several as "[a, b]"), with one cause per error.
[[nodiscard]] Status invalid(std::string_view group, std::string_view kind, std::string_view name,
                             const FieldErrors& errors);

// Path building: child("spec", "replicas") = "spec.replicas", child("", "spec") = "spec", index("a", 3) = "a[3]",
// key("data", "x.y") = "data[x.y]".
[[nodiscard]] std::string child(std::string_view path, std::string_view member);
[[nodiscard]] std::string index(std::string_view path, std::size_t position);
[[nodiscard]] std::string key(std::string_view path, std::string_view name);

}  // namespace skiff::api
