#include "api/field_error.h"
#include "server/handlers/log_body.h"
#include "server/handlers/parameters.h"
#include "server/handlers/pod_container.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

// An optional whole number that must not be below `minimum`.
api::Result<std::optional<std::int64_t>> bounded(const Request& request, const char* name, std::int64_t minimum,
                                                 api::FieldErrors& errors) {
  const api::Result<std::optional<std::int64_t>> value = integer_parameter(request, name);
  if (value && *value && **value < minimum) {
    errors.invalid(name, **value, minimum == 0 ? "must be greater than or equal to 0" : "must be greater than 0");
  }
  return value;
}

api::Result<api::LogOptions> log_options(const ResourceCall& call) {
  const Request& request = call.request;
  api::FieldErrors errors;
  const auto since = bounded(request, "sinceSeconds", 1, errors);
  if (!since) return since.error();
  const auto tail = bounded(request, "tailLines", 0, errors);
  if (!tail) return tail.error();
  const auto limit = bounded(request, "limitBytes", 1, errors);
  if (!limit) return limit.error();

  api::LogOptions options;
  options.container = request.query_value("container").value_or("");
  options.follow = is_true(request.query_value("follow"));
  options.previous = is_true(request.query_value("previous"));
  options.timestamps = is_true(request.query_value("timestamps"));
  options.since_seconds = *since;
  options.tail_lines = *tail;
  options.limit_bytes = *limit;
  options.since_time = request.query_value("sinceTime").value_or("");
  if (!options.since_time.empty() && !parse_time(options.since_time)) {
    return api::bad_request("parsing time " + to_json_text(Json(options.since_time)) +
                            " as \"2006-01-02T15:04:05Z07:00\": cannot parse " +
                            to_json_text(Json(options.since_time)) + " as \"2006\"");
  }
  if (options.since_seconds && !options.since_time.empty()) {
    errors.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
  }
  if (!errors.empty()) return api::invalid("", "PodLogOptions", call.info.name, errors);
  return options;
}

}  // namespace

VerbResult read_pod_log(ResourceCall& call) {
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, call.name());
  if (!record) co_return record.error();
  api::Result<api::LogOptions> options = log_options(call);
  if (!options) co_return options.error();
  const Json pod = Json::parse((*record)->value, nullptr, false);
  api::Result<std::string> container = choose_container(pod, call.info.name, options->container);
  if (!container) co_return container.error();
  options->container = std::move(*container);

  const std::string node_name = string_at(pod, {"spec", "nodeName"});
  Response response;
  if (node_name.empty()) {
    // Not scheduled yet, so there is no log, which is not an error.
    response.status = 204;
    co_return std::move(response);
  }
  const std::shared_ptr<NodeAccess> node = call.parts.nodes.find(node_name);
  if (!node) co_return api::not_found("", "nodes", node_name);
  api::Result<std::unique_ptr<api::ByteStream>> bytes = co_await node->logs(call.name(), std::move(*options));
  if (!bytes) co_return bytes.error();
  response.headers.set("Content-Type", "text/plain");
  response.stream = make_log_body(node, std::move(*bytes));
  co_return std::move(response);
}

}  // namespace skiff::server
