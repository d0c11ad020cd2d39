#include "server/handlers/custom_resources.h"

#include "server/handlers/responses.h"

namespace skiff::server {

std::optional<Response> custom_resource_definitions(const Request& request, const RequestInfo& info,
                                                    const Registry& registry) {
  const bool asked = info.group == "apiextensions.k8s.io" && info.version == "v1" &&
                     info.resource == "customresourcedefinitions" && info.verb == "list";
  if (!asked) return std::nullopt;
  const api::Result<OutputFormat> format = negotiate_output(request);
  if (!format) return error_response(format.error(), request);
  // For its resourceVersion, which is that of every list.
  ListParams params;
  params.limit = 1;
  const api::Result<ListPage> present = registry.list(registry.kinds().find(api::kNamespaces), "", params);
  if (!present) return error_response(present.error(), request);
  const Json list = {{"kind", "CustomResourceDefinitionList"},
                     {"apiVersion", "apiextensions.k8s.io/v1"},
                     {"metadata", {{"resourceVersion", present->resource_version}}},
                     {"items", Json::array()}};
  return document_response(200, list, *format);
}

}  // namespace skiff::server
