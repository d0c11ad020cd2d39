#include "api/protobuf/scalars.h"

#include "api/base/clock.h"
#include "api/protobuf/reader.h"

#include <array>
#include <chrono>
#include <initializer_list>

namespace skiff::api::protobuf {
namespace {

constexpr std::size_t kMaxFields = 3;

// The fields of one of these messages, by number less 1; 0 or empty when absent.
struct Fields {
  std::array<WireField, kMaxFields> values{};
  std::string error;

  [[nodiscard]] std::int64_t number(std::size_t field) const {
    return static_cast<std::int64_t>(values[field - 1].value);
  }
  [[nodiscard]] std::string_view text(std::size_t field) const { return values[field - 1].bytes; }
};

// Reads fields 1, 2, ... of these types.
Fields read_fields(std::string_view message, std::initializer_list<WireType> types) {
  Fields fields;
  Reader reader(message);
  while (const std::optional<WireField> field = reader.next()) {
    if (field->number > types.size()) continue;
    if (field->type != types.begin()[field->number - 1]) {
      fields.error = "proto: wrong wireType = " + std::to_string(static_cast<std::uint32_t>(field->type)) +
                     " for field " + std::to_string(field->number);
      return fields;
    }
    fields.values[field->number - 1] = *field;
  }
  fields.error = reader.error();
  return fields;
}

// metav1.Time and MicroTime: {seconds = 1, nanos = 2}; Go's zero time is an empty message and null in JSON.
std::string decode_time(std::string_view message, bool micro, Json& value) {
  value = nullptr;
  if (message.empty()) return "";
  Fields fields = read_fields(message, {WireType::kVarint, WireType::kVarint});
  if (!fields.error.empty()) return std::move(fields.error);
  // Nanoseconds since 1970 leave 64 bits a little beyond these years.
  static const TimePoint earliest = *parse_time("1678-01-01T00:00:00Z");
  static const TimePoint latest = *parse_time("2261-12-31T23:59:59Z");
  const std::int64_t seconds = fields.number(1);
  const std::int64_t nanoseconds = fields.number(2);
  if (seconds < std::chrono::floor<std::chrono::seconds>(earliest.time_since_epoch()).count() ||
      seconds > std::chrono::floor<std::chrono::seconds>(latest.time_since_epoch()).count()) {
    return "proto: seconds of a time out of range: " + std::to_string(seconds);
  }
  if (nanoseconds < 0 || nanoseconds > 999'999'999) {
    return "proto: nanoseconds of a time out of range: " + std::to_string(nanoseconds);
  }
  const TimePoint time(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
  value = micro ? format_micro_time(time) : format_time(time);
  return "";
}

// metav1.Duration: {duration = 1}, nanoseconds; "1.5s" in JSON, which Go reads whatever its unit is.
std::string decode_duration(std::string_view message, Json& value) {
  Fields fields = read_fields(message, {WireType::kVarint});
  const std::int64_t nanoseconds = fields.number(1);
  value = nanoseconds == 0 ? "0s" : std::to_string(nanoseconds) + "ns";
  return std::move(fields.error);
}

// resource.Quantity: {string = 1}. It is not there in the zero value of Go.
std::string decode_quantity(std::string_view message, Json& value) {
  Fields fields = read_fields(message, {WireType::kDelimited});
  value = message.empty() ? "0" : std::string(fields.text(1));
  return std::move(fields.error);
}

// intstr.IntOrString: {type = 1 (0: number, 1: text), intVal = 2, strVal = 3}.
std::string decode_int_or_string(std::string_view message, Json& value) {
  Fields fields = read_fields(message, {WireType::kVarint, WireType::kVarint, WireType::kDelimited});
  if (fields.number(1) == 0) {
    value = static_cast<std::int32_t>(fields.number(2));
  } else if (fields.number(1) == 1) {
    value = std::string(fields.text(3));
  } else if (fields.error.empty()) {
    fields.error = "impossible IntOrString.Type";
  }
  return std::move(fields.error);
}

// runtime.RawExtension and metav1.FieldsV1: {raw = 1}, which is JSON.
std::string decode_json(std::string_view message, Json& value) {
  value = nullptr;
  Fields fields = read_fields(message, {WireType::kDelimited});
  if (!fields.error.empty() || fields.text(1).empty()) return std::move(fields.error);
  skiff::Result<ParsedJson> parsed = parse_json(fields.text(1));
  if (!parsed) return std::move(parsed.error().message);
  value = std::move(parsed->value);
  return "";
}

}  // namespace

std::string decode_scalar(schema::TypeKind kind, std::string_view message, Json& value) {
  switch (kind) {
    case schema::TypeKind::kTime:
      return decode_time(message, false, value);
    case schema::TypeKind::kMicroTime:
      return decode_time(message, true, value);
    case schema::TypeKind::kDuration:
      return decode_duration(message, value);
    case schema::TypeKind::kQuantity:
      return decode_quantity(message, value);
    case schema::TypeKind::kIntOrString:
      return decode_int_or_string(message, value);
    default:
      return decode_json(message, value);
  }
}

}  // namespace skiff::api::protobuf
