#pragma once

#include "api/base/json.h"
#include "api/field_error.h"
#include "api/schema/schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::schema {

// Checks everything that the schema declares (required, enum, bounds, formats, duplicates in lists declared unique)
// below `path`, with upstream's messages. `object` has been decoded and defaulted.
void validate(const Struct& type, const Json& object, std::string_view path, FieldErrors& errors);

// Checks that no field declared immutable differs ("field is immutable").
void validate_immutable(const Struct& type, const Json& object, const Json& old_object, std::string_view path,
                        FieldErrors& errors);

// The formats, by the names used in format(...): empty when `text` is fine, else upstream's sentence ("a lowercase RFC
// 1123 label must consist of ..."). Names: dns1123-label, dns1123-subdomain, dns1035-label, qualified-name,
// label-value, iana-svc-name, config-map-key, env-var-name, ip, cidr, absolute-path, path-segment, uuid.
[[nodiscard]] std::string check_format(std::string_view format, std::string_view text,
                                       std::string_view separator = "; ");
// The same as upstream's list: one finding per sentence.
[[nodiscard]] std::vector<std::string> format_messages(std::string_view format, std::string_view text);
// A finding at `path` for each of them.
void validate_format(std::string_view format, std::string_view text, std::string_view path, FieldErrors& errors);
[[nodiscard]] bool is_known_format(std::string_view format);

}  // namespace skiff::api::schema
