#include "server/handlers/pod_container.h"
#include "server/handlers/verbs.h"
#include "server/http/upgrade_request.h"

namespace skiff::server {
namespace {

// Finds the pod of the request, its node and, but for ports, one of its containers; the rest is between the client and
// the node.
VerbResult connect_pod(ResourceCall& call, StreamKind kind) {
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, call.name());
  if (!record) co_return record.error();
  const api::Result<api::ObjectPtr> object = call.registry.object(call.kind, *record);
  if (!object) co_return object.error();
  const Json& pod = **object;
  StreamRequest asked;
  asked.kind = kind;
  asked.pod = call.name();
  if (kind != StreamKind::kPortForward) {
    const std::string name = call.request.query_value("container").value_or("");
    api::Result<std::string> container = choose_container(pod, call.info.name, name);
    if (!container) co_return container.error();
    asked.container = std::move(*container);
  }
  const std::string node_name = string_at(pod, {"spec", "nodeName"});
  if (node_name.empty()) co_return api::bad_request("pod " + call.info.name + " does not have a host assigned");
  const std::shared_ptr<NodeAccess> node = call.parts.nodes.find(node_name);
  if (!node) co_return api::not_found("", "nodes", node_name);
  if (requested_upgrade(call.request.headers) == UpgradeKind::kNone) {
    co_return api::bad_request("Upgrade request required");
  }
  asked.request = call.request;
  co_return co_await node->open_stream(std::move(asked));
}

}  // namespace

VerbResult connect_exec(ResourceCall& call) { return connect_pod(call, StreamKind::kExec); }

VerbResult connect_attach(ResourceCall& call) { return connect_pod(call, StreamKind::kAttach); }

VerbResult connect_port_forward(ResourceCall& call) { return connect_pod(call, StreamKind::kPortForward); }

}  // namespace skiff::server
