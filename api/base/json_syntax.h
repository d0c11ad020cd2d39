#pragma once

#include <string>
#include <string_view>

namespace skiff {

// What Go's decoder says of a text that is not JSON: "invalid character 'x' looking for beginning of value",
// "unexpected end of JSON input". "" when it finds nothing wrong (it is content with any bytes in strings, with any
// depth and with any size of numbers). Linear in the text, with a byte of memory per level.
[[nodiscard]] std::string json_syntax_error(std::string_view text);

}  // namespace skiff
