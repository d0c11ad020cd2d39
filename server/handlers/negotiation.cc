#include "server/handlers/negotiation.h"

#include "api/base/text.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace skiff::server {
namespace {

constexpr std::string_view kYamlType = "application/yaml";
constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
// More alternatives than this are not read: no client has them.
constexpr std::size_t kMaxAcceptClauses = 64;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view piece = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return trimmed(piece);
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

AcceptClause parse_clause(std::string_view text) {
  AcceptClause clause;
  std::string_view media_type = take(text, ';');
  clause.type = lower_case(take(media_type, '/'));
  clause.subtype = lower_case(trimmed(media_type));
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    const std::string name = lower_case(take(parameter, '='));
    const std::string value(unquoted(trimmed(parameter)));
    if (name == "q") {
      clause.quality = std::strtod(value.c_str(), nullptr);
    } else if (!name.empty()) {
      clause.parameters[name] = value;
    }
  }
  return clause;
}

api::Status not_acceptable(std::string_view accepted) {
  api::Status status;
  status.reason = api::Reason::kNotAcceptable;
  status.message = "only the following media types are accepted: " + std::string(accepted);
  return status;
}

api::Status unsupported_media_type(std::string_view accepted) {
  api::Status status;
  status.reason = api::Reason::kUnsupportedMediaType;
  status.message =
      "the body of the request was in an unknown format - accepted media types include: " + std::string(accepted);
  return status;
}

std::optional<Shape> shape_named(std::string_view kind) {
  if (kind == "Table") return Shape::kTable;
  if (kind == "PartialObjectMetadata") return Shape::kPartialMetadata;
  if (kind == "PartialObjectMetadataList") return Shape::kPartialMetadataList;
  return std::nullopt;
}

// The format that a clause asks for, if its parameters are ones that we can follow.
std::optional<OutputFormat> format_of(const AcceptClause& clause, Encoding encoding) {
  OutputFormat format;
  format.encoding = encoding;
  const std::string charset = lower_case(clause.parameter("charset"));
  if (!charset.empty() && charset != "utf-8") return std::nullopt;
  format.pretty = clause.parameter("pretty") == "1";
  const std::string as = clause.parameter("as");
  if (as.empty()) return format;

  const std::optional<Shape> shape = shape_named(as);
  format.shape_version = clause.parameter("v");
  const bool known_version = format.shape_version == "v1" || format.shape_version == "v1beta1";
  if (!shape || !known_version || clause.parameter("g") != kMetaGroup) return std::nullopt;
  format.shape = *shape;
  return format;
}

bool is_true_to_go(std::string_view text) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
  return std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue);
}

// Upstream indents for people: when asked to, and for curl, wget and browsers unless asked not to.
bool wants_pretty(const Request& request) {
  const std::optional<std::string> pretty = request.query_value("pretty");
  if (pretty && !pretty->empty()) return is_true_to_go(*pretty);
  const std::string agent = request.headers.get("User-Agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

api::Result<void> read_include_object(const Request& request, OutputFormat& format) {
  const std::string value = request.query_value("includeObject").value_or("");
  if (value.empty() || value == "Metadata") {
    format.include_object = IncludeObject::kMetadata;
  } else if (value == "None") {
    format.include_object = IncludeObject::kNone;
  } else if (value == "Object") {
    format.include_object = IncludeObject::kObject;
  } else {
    return api::bad_request("Unable to convert to Table as requested: includeObject: Invalid value: " +
                            to_json_text(Json(value)) + ": must be 'Metadata', 'Object', 'None', or empty");
  }
  return {};
}

std::optional<OutputFormat> first_acceptable(const std::vector<AcceptClause>& clauses, bool with_yaml) {
  for (const AcceptClause& clause : clauses) {
    if (clause.quality <= 0) continue;
    if (clause.covers(kJsonType)) {
      if (auto format = format_of(clause, Encoding::kJson)) return format;
    } else if (with_yaml && clause.covers(kYamlType)) {
      if (auto format = format_of(clause, Encoding::kYaml)) return format;
    }
  }
  return std::nullopt;
}

api::Result<OutputFormat> negotiate(const Request& request, bool with_yaml) {
  OutputFormat format;
  const std::string accept = request.headers.get("Accept");
  if (!accept.empty()) {
    const std::optional<OutputFormat> found = first_acceptable(parse_accept(accept), with_yaml);
    if (!found)
      return not_acceptable(with_yaml ? "application/json, application/yaml" : "application/json;stream=watch");
    format = *found;
  }
  if (format.shape == Shape::kTable) {
    const api::Result<void> include = read_include_object(request, format);
    if (!include) return include.error();
  }
  // A stream is read line by line.
  format.pretty = with_yaml && (format.pretty || wants_pretty(request));
  return format;
}

std::string content_type_of(const Request& request) {
  const std::string header = request.headers.get("Content-Type");
  std::string_view text = header;
  return lower_case(take(text, ';'));
}

}  // namespace

bool AcceptClause::covers(std::string_view media_type) const {
  const std::size_t slash = media_type.find('/');
  if (type == "*" && subtype == "*") return true;
  return type == media_type.substr(0, slash) && (subtype == "*" || subtype == media_type.substr(slash + 1));
}

std::string AcceptClause::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<AcceptClause> parse_accept(std::string_view header) {
  std::vector<AcceptClause> clauses;
  while (!header.empty() && clauses.size() < kMaxAcceptClauses) {
    const std::string_view text = take(header, ',');
    if (!text.empty()) clauses.push_back(parse_clause(text));
  }
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const AcceptClause& a, const AcceptClause& b) { return a.quality > b.quality; });
  return clauses;
}

api::Result<OutputFormat> negotiate_output(const Request& request) { return negotiate(request, true); }

api::Result<OutputFormat> negotiate_watch_output(const Request& request) { return negotiate(request, false); }

api::Result<Encoding> negotiate_input(const Request& request) {
  const std::string type = content_type_of(request);
  if (type.empty() || type == kJsonType) return Encoding::kJson;
  if (type == kYamlType) return Encoding::kYaml;
  if (type == kProtobufType) return Encoding::kProtobuf;
  return unsupported_media_type("application/json, application/yaml, application/vnd.kubernetes.protobuf");
}

api::Result<api::PatchType> negotiate_patch(const Request& request) {
  const std::string type = content_type_of(request);
  if (type == "application/json-patch+json") return api::PatchType::kJson;
  if (type == "application/merge-patch+json") return api::PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json") return api::PatchType::kStrategicMerge;
  if (type == "application/apply-patch+yaml") return api::PatchType::kApply;
  return unsupported_media_type(
      "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
      "application/apply-patch+yaml");
}

}  // namespace skiff::server
