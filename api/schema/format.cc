#include "api/schema/validate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

// The formats of strings: apimachinery's validation of names, keys and addresses. The regular expressions stand only in
// the messages; what they accept is checked by hand, since std::regex is slow and recurses.
namespace skiff::api::schema {
namespace {

using Messages = std::vector<std::string>;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
bool is_letter_or_digit(char c) { return is_letter(c) || is_digit(c); }

constexpr std::size_t kMaxLabelLength = 63;
constexpr std::size_t kMaxSubdomainLength = 253;
constexpr std::size_t kMaxPortNameLength = 15;
constexpr std::size_t kMaxConfigMapKeyLength = 253;

std::string max_length_message(std::size_t length) {
  return "must be no more than " + std::to_string(length) + " characters";
}

std::string regex_message(std::string_view sentence, std::string_view regex,
                          std::initializer_list<std::string_view> examples) {
  std::string text(sentence);
  text += " (e.g. ";
  bool first = true;
  for (std::string_view example : examples) {
    text.append(first ? "'" : " or '").append(example).append("', ");
    first = false;
  }
  return text.append("regex used for validation is '").append(regex).append("')");
}

bool is_dns1123_label(std::string_view text) {
  return !text.empty() && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_dns1123_subdomain(std::string_view text) {
  for (std::size_t start = 0;;) {
    const std::size_t dot = text.find('.', start);
    if (!is_dns1123_label(text.substr(start, dot == text.npos ? dot : dot - start))) return false;
    if (dot == text.npos) return true;
    start = dot + 1;
  }
}

// An alphanumeric character at both ends and what names of labels may hold between.
bool is_qualified_part(std::string_view text) {
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

Messages dns1123_label(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxLabelLength) messages.push_back(max_length_message(kMaxLabelLength));
  if (is_dns1123_label(text)) return messages;
  if (is_dns1123_subdomain(text)) {
    messages.push_back("must not contain dots");
  } else {
    messages.push_back(
        regex_message("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                      "start and end with an alphanumeric character",
                      "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
  }
  return messages;
}

Messages dns1123_subdomain(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxSubdomainLength) messages.push_back(max_length_message(kMaxSubdomainLength));
  if (!is_dns1123_subdomain(text)) {
    messages.push_back(
        regex_message("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                      "and must start and end with an alphanumeric character",
                      "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", {"example.com"}));
  }
  return messages;
}

Messages dns1035_label(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxLabelLength) messages.push_back(max_length_message(kMaxLabelLength));
  if (!is_dns1123_label(text) || !is_lower(text.front())) {
    messages.push_back(
        regex_message("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                      "alphabetic character, and end with an alphanumeric character",
                      "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return messages;
}

Messages qualified_name(std::string_view text) {
  constexpr std::string_view kSentence =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const std::string part_message =
      regex_message(kSentence, "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", {"MyName", "my.name", "123-abc"});
  Messages messages;
  std::string_view name = text;
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    if (text.find('/', slash + 1) != text.npos) {
      return {"a qualified name " + part_message +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    name = text.substr(slash + 1);
    if (slash == 0) {
      messages.push_back("prefix part must be non-empty");
    } else {
      for (const std::string& message : dns1123_subdomain(text.substr(0, slash))) {
        messages.push_back("prefix part " + message);
      }
    }
  }
  if (name.empty()) {
    messages.push_back("name part must be non-empty");
  } else if (name.size() > kMaxLabelLength) {
    messages.push_back("name part " + max_length_message(kMaxLabelLength));
  }
  if (!is_qualified_part(name)) messages.push_back("name part " + part_message);
  return messages;
}

Messages label_value(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxLabelLength) messages.push_back(max_length_message(kMaxLabelLength));
  if (!text.empty() && !is_qualified_part(text)) {
    messages.push_back(
        regex_message("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                      "and must start and end with an alphanumeric character",
                      "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return messages;
}

Messages iana_svc_name(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxPortNameLength) messages.push_back(max_length_message(kMaxPortNameLength));
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; })) {
    messages.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(text.begin(), text.end(), is_lower)) {
    messages.push_back("must contain at least one letter (a-z)");
  }
  if (text.find("--") != text.npos) messages.push_back("must not contain consecutive hyphens");
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) {
    messages.push_back("must not begin or end with a hyphen");
  }
  return messages;
}

Messages config_map_key(std::string_view text) {
  Messages messages;
  if (text.size() > kMaxConfigMapKeyLength) messages.push_back(max_length_message(kMaxConfigMapKeyLength));
  if (text.empty() || !std::all_of(text.begin(), text.end(),
                                   [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; })) {
    messages.push_back(regex_message("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                     "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  if (text == "." || text == "..") {
    messages.push_back("must not be '" + std::string(text) + "'");
  } else if (text.starts_with("..")) {
    messages.push_back("must not start with '..'");
  }
  return messages;
}

// The relaxed rule, which v1.32 has switched on (RelaxedEnvironmentVariableValidation).
Messages env_var_name(std::string_view text) {
  if (text.empty()) return {"environment variable name must be non-empty"};
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; })) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

// Leading zeros in IPv4 ("010.0.0.1") are refused; upstream v1.32 still reads them, as decimal, for the sake of objects
// that are stored already, of which we have none.
bool is_ip(std::string_view text) {
  const std::string copy(text);
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return copy.find('\0') == copy.npos && (inet_pton(AF_INET, copy.c_str(), address.data()) == 1 ||
                                          inet_pton(AF_INET6, copy.c_str(), address.data()) == 1);
}

bool is_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos || !is_ip(text.substr(0, slash))) return false;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const unsigned limit = text.find(':') == text.npos ? 32 : 128;
  return error == std::errc() && end == digits.data() + digits.size() && bits <= limit;
}

Messages path_segment(std::string_view text) {
  if (text == "." || text == "..") return {"may not be '" + std::string(text) + "'"};
  Messages messages;
  if (text.find('/') != text.npos) messages.push_back("may not contain '/'");
  if (text.find('%') != text.npos) messages.push_back("may not contain '%'");
  return messages;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash_here ? c != '-' : !hex) return false;
  }
  return true;
}

Messages unless(bool fine, std::string_view message) { return fine ? Messages{} : Messages{std::string(message)}; }

struct Format {
  std::string_view name;
  Messages (*check)(std::string_view text);
};

constexpr std::array<Format, 13> kFormats = {{
    {"dns1123-label", dns1123_label},
    {"dns1123-subdomain", dns1123_subdomain},
    {"dns1035-label", dns1035_label},
    {"qualified-name", qualified_name},
    {"label-value", label_value},
    {"iana-svc-name", iana_svc_name},
    {"config-map-key", config_map_key},
    {"env-var-name", env_var_name},
    {"ip",
     [](std::string_view text) {
       return unless(is_ip(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
     }},
    {"cidr",
     [](std::string_view text) {
       return unless(is_cidr(text), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
     }},
    {"absolute-path", [](std::string_view text) { return unless(text.starts_with('/'), "must be an absolute path"); }},
    {"path-segment", path_segment},
    {"uuid", [](std::string_view text) { return unless(is_uuid(text), "must be a valid UUID"); }},
}};

const Format* find_format(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace

bool is_known_format(std::string_view format) { return find_format(format) != nullptr; }

std::vector<std::string> format_messages(std::string_view format, std::string_view text) {
  const Format* found = find_format(format);
  return found == nullptr ? Messages{"unknown format " + std::string(format)} : found->check(text);
}

void validate_format(std::string_view format, std::string_view text, std::string_view path, FieldErrors& errors) {
  for (std::string& message : format_messages(format, text)) {
    errors.invalid(std::string(path), text, std::move(message));
  }
}

std::string check_format(std::string_view format, std::string_view text, std::string_view separator) {
  std::string joined;
  for (const std::string& message : format_messages(format, text)) {
    if (!joined.empty()) joined += separator;
    joined += message;
  }
  return joined;
}

}  // namespace skiff::api::schema
