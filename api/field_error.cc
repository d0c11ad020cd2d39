#include "api/field_error.h"

#include <algorithm>

namespace skiff::api {
namespace {

struct TypeInfo {
  std::string_view reason;
  std::string_view text;
};

TypeInfo info(FieldErrorType type) {
  switch (type) {
    case FieldErrorType::kRequired:
      return {"FieldValueRequired", "Required value"};
    case FieldErrorType::kDuplicate:
      return {"FieldValueDuplicate", "Duplicate value"};
    case FieldErrorType::kInvalid:
      return {"FieldValueInvalid", "Invalid value"};
    case FieldErrorType::kNotSupported:
      return {"FieldValueNotSupported", "Unsupported value"};
    case FieldErrorType::kForbidden:
      return {"FieldValueForbidden", "Forbidden"};
    case FieldErrorType::kTooLong:
      return {"FieldValueTooLong", "Too long"};
    case FieldErrorType::kTooMany:
      return {"FieldValueTooMany", "Too many"};
    case FieldErrorType::kNotFound:
      return {"FieldValueNotFound", "Not found"};
    case FieldErrorType::kInternal:
      return {"InternalError", "Internal error"};
    case FieldErrorType::kTypeInvalid:
      return {"FieldValueTypeInvalid", "Invalid value"};
  }
  return {"", ""};
}

bool shows_value(FieldErrorType type) {
  return type != FieldErrorType::kRequired && type != FieldErrorType::kForbidden && type != FieldErrorType::kTooLong &&
         type != FieldErrorType::kInternal;
}

// A value as Go's %v, %q or (for objects and lists) JSON. JSON's escapes are those of Go's %q for all but control
// characters beyond \n, \r and \t. A pointer to nothing is shown as a text.
std::string printed(const Json& value) { return value.is_null() ? "\"null\"" : to_json_text(value); }

}  // namespace

std::string FieldError::body() const {
  std::string text(info(type).text);
  if (shows_value(type) && !value.empty()) text += ": " + value;
  if (!detail.empty()) text += ": " + detail;
  return text;
}

void FieldErrors::required(std::string field, std::string detail) {
  add({FieldErrorType::kRequired, std::move(field), "", std::move(detail)});
}

void FieldErrors::invalid(std::string field, const Json& value, std::string detail) {
  add({FieldErrorType::kInvalid, std::move(field), printed(value), std::move(detail)});
}

void FieldErrors::invalid_as(std::string field, std::string printed_value, std::string detail) {
  add({FieldErrorType::kInvalid, std::move(field), std::move(printed_value), std::move(detail)});
}

void FieldErrors::duplicate(std::string field, const Json& value) {
  add({FieldErrorType::kDuplicate, std::move(field), printed(value), ""});
}

void FieldErrors::not_supported(std::string field, const Json& value, const std::vector<std::string>& supported) {
  std::string detail;
  for (const std::string& each : supported) detail += (detail.empty() ? "supported values: " : ", ") + printed(each);
  add({FieldErrorType::kNotSupported, std::move(field), printed(value), std::move(detail)});
}

void FieldErrors::forbidden(std::string field, std::string detail) {
  add({FieldErrorType::kForbidden, std::move(field), "", std::move(detail)});
}

void FieldErrors::too_long(std::string field, std::size_t max_length) {
  add({FieldErrorType::kTooLong, std::move(field), "",
       "may not be more than " + std::to_string(max_length) + (max_length == 1 ? " byte" : " bytes")});
}

void FieldErrors::too_many(std::string field, std::size_t count, std::size_t max_items) {
  add({FieldErrorType::kTooMany, std::move(field), std::to_string(count),
       "must have at most " + std::to_string(max_items) + (max_items == 1 ? " item" : " items")});
}

void FieldErrors::not_found(std::string field, const Json& value) {
  add({FieldErrorType::kNotFound, std::move(field), printed(value), ""});
}

Status invalid(std::string_view group, std::string_view kind, std::string_view name, const FieldErrors& errors) {
  Status status;
  status.reason = Reason::kInvalid;
  status.group = group;
  status.kind = kind;
  status.name = name;
  std::vector<std::string> messages;  // equal ones are shown once
  for (const FieldError& error : errors.all()) {
    status.causes.push_back({std::string(info(error.type).reason), error.body(), error.field});
    std::string message = error.message();
    if (std::find(messages.begin(), messages.end(), message) == messages.end()) messages.push_back(std::move(message));
  }
  status.message =
      std::string(kind) + (group.empty() ? "" : "." + std::string(group)) + " " + printed(Json(name)) + " is invalid";
  std::string joined;
  for (const std::string& message : messages) joined += (joined.empty() ? "" : ", ") + message;
  if (messages.size() == 1) status.message += ": " + joined;
  if (messages.size() > 1) status.message += ": [" + joined + "]";
  return status;
}

std::string child(std::string_view path, std::string_view member) {
  std::string result(path);
  if (!path.empty()) result += '.';
  return result.append(member);
}

std::string index(std::string_view path, std::size_t position) {
  return std::string(path) + "[" + std::to_string(position) + "]";
}

std::string key(std::string_view path, std::string_view name) {
  return std::string(path) + "[" + std::string(name) + "]";
}

}  // namespace skiff::api
