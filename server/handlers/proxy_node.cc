#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

// Of the kubelet's own paths only those are there that have something to show.
VerbResult proxy_node(ResourceCall& call) {
  const auto record = call.registry.get(call.kind, call.name());
  if (!record) co_return record.error();
  if (!call.info.path.ends_with("/proxy/metrics")) co_return text_response(404, "404 page not found\n");
  const std::string name = call.info.name;
  const std::shared_ptr<NodeAccess> node = call.parts.nodes.find(name);
  if (!node) co_return api::unavailable("node " + name + " is not connected");
  auto metrics = co_await node->metrics(name);
  if (!metrics) co_return metrics.error();
  Response response = text_response(200, std::move(*metrics));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  co_return std::move(response);
}

}  // namespace skiff::server
