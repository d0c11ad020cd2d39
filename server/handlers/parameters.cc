#include "server/handlers/parameters.h"

#include "api/base/text.h"
#include "api/field_error.h"
#include "server/handlers/negotiation.h"

#include <charconv>
#include <string_view>
#include <vector>

namespace skiff::server {
namespace {

constexpr std::size_t kMaxFieldManagerLength = 128;

// Go's %#v of a []string, in which upstream prints bad dryRun values.
std::string go_syntax(const std::vector<std::string>& values) {
  std::string text = "[]string{";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i > 0 ? ", " : "") + to_json_text(Json(values[i]));
  return text + "}";
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

api::Result<void> refuse_if_any(const api::FieldErrors& errors, std::string_view options_kind) {
  if (errors.empty()) return {};
  return api::invalid(kMetaGroup, options_kind, "", errors);
}

// The one value that exists is "All".
bool read_dry_run(const std::vector<std::string>& values, api::FieldErrors& errors) {
  for (const std::string& value : values) {
    if (value == "All") continue;
    errors.add({api::FieldErrorType::kNotSupported, "dryRun", go_syntax(values), "supported values: \"All\""});
    return false;
  }
  return !values.empty();
}

FieldValidation read_field_validation(const Request& request, api::FieldErrors& errors) {
  const std::string value = request.query_value("fieldValidation").value_or("");
  if (value.empty() || value == "Warn") return FieldValidation::kWarn;
  if (value == "Strict") return FieldValidation::kStrict;
  if (value != "Ignore") errors.not_supported("fieldValidation", value, {"", "Ignore", "Strict", "Warn"});
  return FieldValidation::kIgnore;
}

// "kubectl/v1.32.0 (linux/amd64) kubernetes/abc" is the manager "kubectl".
std::string manager_from_user_agent(const Request& request) {
  const std::string agent = request.headers.get("User-Agent");
  std::string manager = agent.substr(0, agent.find('/'));
  std::erase_if(manager, [](char c) { return !is_printable({&c, 1}); });
  if (manager.size() > kMaxFieldManagerLength) manager.resize(kMaxFieldManagerLength);
  return manager;
}

std::string read_field_manager(const Request& request, api::FieldErrors& errors) {
  std::string manager = request.query_value("fieldManager").value_or("");
  if (manager.size() > kMaxFieldManagerLength) errors.too_long("fieldManager", kMaxFieldManagerLength);
  if (!is_printable(manager)) errors.invalid("fieldManager", manager, "should only contain printable characters");
  return manager;
}

WriteQuery read_write_query(const Request& request, api::FieldErrors& errors) {
  WriteQuery query;
  query.field_manager = read_field_manager(request, errors);
  query.dry_run = read_dry_run(values_of(request, "dryRun"), errors);
  query.params.field_validation = read_field_validation(request, errors);
  return query;
}

api::Result<WriteQuery> write_query(const Request& request, std::string_view options_kind) {
  api::FieldErrors errors;
  WriteQuery query = read_write_query(request, errors);
  const api::Result<void> checked = refuse_if_any(errors, options_kind);
  if (!checked) return checked.error();
  if (query.field_manager.empty()) query.field_manager = manager_from_user_agent(request);
  return query;
}

// All of the text.
template <class Number>
std::errc parse_number(std::string_view text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest != end ? std::errc::invalid_argument : error;
}

// Go's, of strconv.
std::string go_parse_error(const char* function, std::string_view text, std::errc error) {
  std::string message = "strconv.";
  message += function;
  message += ": parsing " + to_json_text(Json(text));
  message += error == std::errc::result_out_of_range ? ": value out of range" : ": invalid syntax";
  return message;
}

VersionMatch version_match_of(std::string_view text) {
  if (text == "Exact") return VersionMatch::kExact;
  if (text == "NotOlderThan") return VersionMatch::kNotOlderThan;
  return VersionMatch::kUnset;
}

void check_list(const ListQuery& query, const std::string& match, api::FieldErrors& errors) {
  const std::string field = "resourceVersionMatch";
  if (!match.empty()) {
    if (query.params.resource_version.empty()) {
      errors.forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (!query.params.continue_token.empty()) {
      errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
    }
    if (query.params.version_match == VersionMatch::kUnset) {
      errors.not_supported(field, match, {"Exact", "NotOlderThan", ""});
    }
    if (query.params.version_match == VersionMatch::kExact && query.params.resource_version == "0") {
      errors.forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
  }
  if (query.send_initial_events) {
    errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  }
}

void check_watch(const ListQuery& query, const std::string& match, api::FieldErrors& errors) {
  const std::string field = "resourceVersionMatch";
  const bool not_older_than = query.params.version_match == VersionMatch::kNotOlderThan;
  if (query.send_initial_events && !not_older_than) {
    errors.forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (match.empty()) return;
  if (!query.send_initial_events) {
    errors.forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (!not_older_than) errors.not_supported(field, match, {"NotOlderThan"});
  if (!query.params.continue_token.empty()) {
    errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
  }
}

api::Result<void> read_selectors(const Request& request, ListParams& params) {
  if (const auto text = request.query_value("labelSelector")) {
    auto selector = api::LabelSelector::parse(*text);
    if (!selector) return selector.error();
    params.label_selector = std::move(*selector);
  }
  if (const auto text = request.query_value("fieldSelector")) {
    auto selector = api::FieldSelector::parse(*text);
    if (!selector) return selector.error();
    params.field_selector = std::move(*selector);
  }
  return {};
}

// DeleteOptions as it stands in a request, before its fields are weighed against each other.
struct RawDeleteOptions {
  std::optional<std::int64_t> grace_period_seconds;
  std::optional<bool> orphan_dependents;
  std::optional<std::string> propagation_policy;
  std::string uid;
  std::string resource_version;
  std::vector<std::string> dry_run;
};

api::Result<DeleteQuery> weigh(RawDeleteOptions raw) {
  api::FieldErrors errors;
  if (raw.orphan_dependents && raw.propagation_policy) {
    errors.invalid("propagationPolicy", *raw.propagation_policy,
                   "orphanDependents and deletionPropagation cannot be both set");
  }
  const std::string policy = raw.propagation_policy.value_or("");
  if (raw.propagation_policy && policy != "Foreground" && policy != "Background" && policy != "Orphan") {
    errors.not_supported("propagationPolicy", policy, {"Foreground", "Background", "Orphan", "nil"});
  }
  DeleteQuery query;
  query.dry_run = read_dry_run(raw.dry_run, errors);
  const api::Result<void> checked = refuse_if_any(errors, "DeleteOptions");
  if (!checked) return checked.error();

  query.options.grace_period_seconds = raw.grace_period_seconds;
  query.options.uid = std::move(raw.uid);
  query.options.resource_version = std::move(raw.resource_version);
  query.options.propagation_policy = policy;
  if (raw.orphan_dependents) {
    query.options.propagation_policy = *raw.orphan_dependents ? "Orphan" : "Background";
    query.accepted_when_pending = !*raw.orphan_dependents;
  }
  return query;
}

// The document has been decoded, so its fields are of their types.
RawDeleteOptions raw_delete_options_of(const Json& document) {
  RawDeleteOptions raw;
  if (document.contains("gracePeriodSeconds")) raw.grace_period_seconds = integer_at(document, {"gracePeriodSeconds"});
  if (document.contains("orphanDependents")) raw.orphan_dependents = bool_at(document, {"orphanDependents"});
  if (document.contains("propagationPolicy")) raw.propagation_policy = string_at(document, {"propagationPolicy"});
  raw.uid = string_at(document, {"preconditions", "uid"});
  raw.resource_version = string_at(document, {"preconditions", "resourceVersion"});
  const Json* dry_run = find(document, {"dryRun"});
  if (dry_run != nullptr && dry_run->is_array()) raw.dry_run = dry_run->get<std::vector<std::string>>();
  return raw;
}

}  // namespace

bool is_true(const std::optional<std::string>& value) {
  if (!value || *value == "0") return false;
  return lower_case(*value) != "false";
}

std::vector<std::string> values_of(const Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : request.query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

api::Result<std::optional<std::int64_t>> integer_parameter(const Request& request, std::string_view name) {
  const std::optional<std::string> text = request.query_value(name);
  if (!text) return std::optional<std::int64_t>();
  // Go takes a leading plus sign, std::from_chars does not.
  std::int64_t value = 0;
  const std::errc error = parse_number(std::string_view(*text).substr(text->starts_with('+') ? 1 : 0), value);
  if (error != std::errc()) return api::bad_request(go_parse_error("ParseInt", *text, error));
  return std::optional<std::int64_t>(value);
}

api::Result<std::vector<std::uint16_t>> ports_query(const Request& request) {
  std::vector<std::uint16_t> ports;
  for (const std::string& value : values_of(request, "ports")) {
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      const std::string_view text = std::string_view(value).substr(begin, end - begin);
      std::uint16_t port = 0;
      if (const std::errc error = parse_number(text, port); error != std::errc()) {
        return api::bad_request("cannot convert to []int32: " + go_parse_error("ParseUint", text, error));
      }
      ports.push_back(port);
      begin = end + 1;
    }
  }
  return ports;
}

api::Result<api::LogOptions> log_query(const Request& request) {
  const auto since = integer_parameter(request, "sinceSeconds");
  if (!since) return since.error();
  const auto tail = integer_parameter(request, "tailLines");
  if (!tail) return tail.error();
  const auto limit = integer_parameter(request, "limitBytes");
  if (!limit) return limit.error();
  api::LogOptions options;
  options.container = request.query_value("container").value_or("");
  options.follow = is_true(request.query_value("follow"));
  options.previous = is_true(request.query_value("previous"));
  options.timestamps = is_true(request.query_value("timestamps"));
  options.since_seconds = *since;
  options.since_time = request.query_value("sinceTime").value_or("");
  options.tail_lines = *tail;
  options.limit_bytes = *limit;
  return options;
}

api::Result<ListQuery> list_query(const Request& request) {
  ListQuery query;
  const auto limit = integer_parameter(request, "limit");
  if (!limit) return limit.error();
  const auto timeout = integer_parameter(request, "timeoutSeconds");
  if (!timeout) return timeout.error();
  const api::Result<void> selectors = read_selectors(request, query.params);
  if (!selectors) return selectors.error();

  query.params.limit = static_cast<std::size_t>(std::max<std::int64_t>(limit->value_or(0), 0));
  query.timeout_seconds = *timeout;
  query.params.continue_token = request.query_value("continue").value_or("");
  query.params.resource_version = request.query_value("resourceVersion").value_or("");
  const std::string match = request.query_value("resourceVersionMatch").value_or("");
  query.params.version_match = version_match_of(match);
  query.watch = is_true(request.query_value("watch"));
  query.allow_bookmarks = is_true(request.query_value("allowWatchBookmarks"));
  if (const auto value = request.query_value("sendInitialEvents")) query.send_initial_events = is_true(value);

  api::FieldErrors errors;
  query.watch ? check_watch(query, match, errors) : check_list(query, match, errors);
  const api::Result<void> checked = refuse_if_any(errors, "ListOptions");
  if (!checked) return checked.error();
  return query;
}

api::Result<WriteQuery> create_query(const Request& request) { return write_query(request, "CreateOptions"); }

api::Result<WriteQuery> update_query(const Request& request) { return write_query(request, "UpdateOptions"); }

api::Result<WriteQuery> patch_query(const Request& request, api::PatchType type) {
  api::FieldErrors errors;
  const bool apply = type == api::PatchType::kApply;
  const std::optional<std::string> force = request.query_value("force");
  if (apply && request.query_value("fieldManager").value_or("").empty()) {
    errors.required("fieldManager", "is required for apply patch");
  }
  if (!apply && force) errors.forbidden("force", "may not be specified for non-apply patch");
  WriteQuery query = read_write_query(request, errors);
  const api::Result<void> checked = refuse_if_any(errors, "PatchOptions");
  if (!checked) return checked.error();
  query.force = is_true(force);
  if (query.field_manager.empty()) query.field_manager = manager_from_user_agent(request);
  return query;
}

api::Result<DeleteQuery> delete_query(const Request& request) {
  RawDeleteOptions raw;
  const auto grace = integer_parameter(request, "gracePeriodSeconds");
  if (!grace) return grace.error();
  raw.grace_period_seconds = *grace;
  if (const auto value = request.query_value("orphanDependents")) raw.orphan_dependents = is_true(value);
  raw.propagation_policy = request.query_value("propagationPolicy");
  raw.dry_run = values_of(request, "dryRun");
  return weigh(std::move(raw));
}

api::Result<DeleteQuery> delete_query_of(const Json& document) { return weigh(raw_delete_options_of(document)); }

}  // namespace skiff::server
