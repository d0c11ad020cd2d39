#include "api/openapi/parameters.h"

#include "api/base/check.h"

#include <algorithm>
#include <array>

namespace skiff::api::openapi {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view type;
  std::string_view description;
};
constexpr std::array kParameters{
    Parameter{"allowWatchBookmarks", "boolean",
              "Let a watch send bookmarks: events with nothing but a resource version."},
    Parameter{"command", "string", "A word of the command to run, which is not given to a shell. May be repeated."},
    Parameter{"container", "string", "Name of the container; needed when the pod has several."},
    Parameter{"continue", "string", "Token of the previous page: get the next one of a limited list."},
    Parameter{"dryRun", "string", "All: check the request and answer as usual, but persist nothing."},
    Parameter{"fieldManager", "string", "Name of whoever makes the change. Required for server-side apply."},
    Parameter{"fieldSelector", "string", "Only objects whose fields match, such as status.phase=Running."},
    Parameter{"fieldValidation", "string",
              "What happens to unknown or duplicate fields: Ignore, Warn (the default) or Strict."},
    Parameter{"force", "boolean", "Server-side apply only: take over fields that others manage."},
    Parameter{"gracePeriodSeconds", "integer",
              "Seconds the object gets to end gracefully; 0 deletes at once, absent means the kind's default."},
    Parameter{"ignoreStoreReadErrorWithClusterBreakingPotential", "boolean",
              "Delete an object that cannot be read from the store, at one's own risk."},
    Parameter{"labelSelector", "string", "Only objects whose labels match, such as app=web,tier!=cache."},
    Parameter{"limit", "integer", "The most objects to return; the rest is had with continue."},
    Parameter{"name", "string", "Name of the object."},
    Parameter{"namespace", "string", "Namespace of the object."},
    Parameter{"orphanDependents", "boolean", "Deprecated: use propagationPolicy. True leaves dependents behind."},
    Parameter{"ports", "integer", "Ports to forward; needed with WebSockets."},
    Parameter{"pretty", "string", "true: indent the response."},
    Parameter{"propagationPolicy", "string", "What happens to dependents: Orphan, Background or Foreground."},
    Parameter{"resourceVersion", "string",
              "Version of the collection that a list shows at least, or a watch starts at."},
    Parameter{"resourceVersionMatch", "string", "How resourceVersion is meant for a list: Exact or NotOlderThan."},
    Parameter{"sendInitialEvents", "boolean",
              "Let a watch begin with the existing objects and a bookmark behind them."},
    Parameter{"stderr", "boolean", "Send what the process writes to its stderr."},
    Parameter{"stdin", "boolean", "Give the process what is sent as its stdin."},
    Parameter{"stdout", "boolean", "Send what the process writes to its stdout."},
    Parameter{"timeoutSeconds", "integer", "Seconds after which a list or watch ends."},
    Parameter{"tty", "boolean", "The process runs on a terminal."},
    Parameter{"watch", "boolean", "Stream changes instead of a list."},
};

Json parameter(std::string_view name, std::string_view in, Dialect dialect) {
  const auto* found = std::ranges::find(kParameters, name, &Parameter::name);
  CHECK_INVARIANT(found != kParameters.end());
  Json result{{"name", found->name}, {"in", in}, {"description", found->description}};
  if (in == "path") result["required"] = true;
  Json& schema = dialect == Dialect::kV2 ? result : result["schema"];
  schema["type"] = found->type;
  schema["uniqueItems"] = true;
  return result;
}

}  // namespace

Json query_parameters(std::span<const std::string_view> names, Dialect dialect) {
  Json parameters = Json::array();
  for (const std::string_view name : names) parameters.push_back(parameter(name, "query", dialect));
  return parameters;
}

Json path_parameters(std::string_view path, Dialect dialect) {
  Json parameters = Json::array();
  for (const std::string_view name : {"name", "namespace"}) {
    const std::string in_braces = "{" + std::string(name) + "}";
    if (path.find(in_braces) != std::string_view::npos) parameters.push_back(parameter(name, "path", dialect));
  }
  parameters.push_back(parameter("pretty", "query", dialect));
  return parameters;
}

}  // namespace skiff::api::openapi
