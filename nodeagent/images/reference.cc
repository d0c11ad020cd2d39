#include "api/base/text.h"
#include "nodeagent/images/image.h"
#include "nodeagent/images/manifest.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

// The grammar of image names is that of distribution/reference:
//   [domain/]path-component[/path-component...][:tag][@algorithm:hex]
namespace skiff::nodeagent {
namespace {

constexpr std::size_t kMaxNameLength = 255;
constexpr std::size_t kMaxTagLength = 128;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

// Lower-case words joined by one dot, one or two underscores, or any number of dashes.
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_lower_alnum(text[i])) {
      ++i;
      continue;
    }
    const char separator = text[i];
    std::size_t length = 1;
    while (text[i + length] == separator) ++length;
    const std::size_t allowed = separator == '.' ? 1 : separator == '_' ? 2 : separator == '-' ? text.size() : 0;
    if (length > allowed || !is_lower_alnum(text[i + length])) return false;
    i += length;
  }
  return true;
}

bool is_path(std::string_view text) {
  while (true) {
    const auto slash = text.find('/');
    if (!is_path_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

// A host name or address with an optional port: what stands before the first slash, if it cannot be a path component.
bool is_domain(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view host = text;
  if (colon != std::string_view::npos && text.back() != ']') {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    host = text.substr(0, colon);
  }
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.find_first_not_of("0123456789abcdefABCDEF:[]") == std::string_view::npos;
  }
  return !host.empty() && is_alnum(host.front()) && is_alnum(host.back()) &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTagLength || (!is_alnum(text.front()) && text.front() != '_')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

Error invalid(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("couldn't parse image name \"{}\": {}", text, why)};
}

}  // namespace

Result<ImageReference> ImageReference::parse(std::string_view text) {
  constexpr std::string_view kBadFormat = "invalid reference format";
  ImageReference reference;
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    if (!is_sha256_digest(reference.digest)) return invalid(text, kBadFormat);
    rest = rest.substr(0, at);
  }
  // A colon behind the last slash begins a tag; one before it belongs to the registry's port.
  const auto slash = rest.rfind('/');
  const auto colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!is_tag(reference.tag)) return invalid(text, kBadFormat);
    rest = rest.substr(0, colon);
  }
  const auto first_slash = rest.find('/');
  const std::string_view first = rest.substr(0, first_slash);
  const bool has_domain = first_slash != std::string_view::npos &&
                          (first.find_first_of(".:[") != std::string_view::npos || first == "localhost");
  if (has_domain) {
    if (!is_domain(first)) return invalid(text, kBadFormat);
    reference.registry = first;
    rest = rest.substr(first_slash + 1);
  } else {
    reference.registry = "docker.io";
  }
  if (reference.registry == "index.docker.io") reference.registry = "docker.io";
  if (!is_path(rest)) {
    const std::string lower = lower_case(rest);
    return invalid(text, lower != rest && is_path(lower) ? "invalid reference format: repository name must be lowercase"
                                                         : kBadFormat);
  }
  reference.repository = rest;
  if (reference.registry == "docker.io" && rest.find('/') == std::string_view::npos) {
    reference.repository.insert(0, "library/");
  }
  if (reference.registry.size() + 1 + reference.repository.size() > kMaxNameLength) {
    return invalid(text, "repository name must not be more than 255 characters");
  }
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  return reference;
}

std::string ImageReference::to_string() const {
  std::string text = registry + "/" + repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

Result<std::string> normal_image_name(const std::string& reference) {
  if (is_sha256_digest(reference)) return reference;
  auto parsed = ImageReference::parse(reference);
  if (!parsed) return parsed.error();
  // Beside a digest a tag says nothing.
  if (!parsed->digest.empty()) parsed->tag.clear();
  return parsed->to_string();
}

bool is_called(const Image& image, const std::string& name) {
  if (image.id == name) return true;
  const auto& names = name.find('@') != std::string::npos ? image.repo_digests : image.repo_tags;
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace skiff::nodeagent
