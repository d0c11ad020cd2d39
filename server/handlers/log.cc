#include "api/field_error.h"
#include "server/handlers/log_body.h"
#include "server/handlers/parameters.h"
#include "server/handlers/pod_container.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

void check_minimum(const char* name, std::optional<std::int64_t> value, std::int64_t minimum,
                   api::FieldErrors& errors) {
  if (!value || *value >= minimum) return;
  errors.invalid(name, *value, minimum == 0 ? "must be greater than or equal to 0" : "must be greater than 0");
}

api::Result<api::LogOptions> log_options(const ResourceCall& call) {
  api::Result<api::LogOptions> query = log_query(call.request);
  if (!query) return query;
  const api::LogOptions& options = *query;
  api::FieldErrors errors;
  check_minimum("sinceSeconds", options.since_seconds, 1, errors);
  check_minimum("tailLines", options.tail_lines, 0, errors);
  check_minimum("limitBytes", options.limit_bytes, 1, errors);
  if (!options.since_time.empty() && !parse_time(options.since_time)) {
    return api::bad_request("parsing time " + to_json_text(Json(options.since_time)) +
                            " as \"2006-01-02T15:04:05Z07:00\": cannot parse " +
                            to_json_text(Json(options.since_time)) + " as \"2006\"");
  }
  if (options.since_seconds && !options.since_time.empty()) {
    errors.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
  }
  if (!errors.empty()) return api::invalid("", "PodLogOptions", call.info.name, errors);
  return query;
}

}  // namespace

VerbResult read_pod_log(ResourceCall& call) {
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, call.name());
  if (!record) co_return record.error();
  api::Result<api::LogOptions> options = log_options(call);
  if (!options) co_return options.error();
  const api::Result<api::ObjectPtr> object = call.registry.object(call.kind, *record);
  if (!object) co_return object.error();
  const Json& pod = **object;
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
