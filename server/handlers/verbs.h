#pragma once

#include "api/schema/schema.h"
#include "api/status.h"
#include "server/auth/authenticator.h"
#include "server/auth/authorizer.h"
#include "server/auth/service_account_tokens.h"
#include "server/handlers/negotiation.h"
#include "server/handlers/node_access.h"
#include "server/handlers/rendering.h"
#include "server/handlers/request_info.h"
#include "server/http/http.h"
#include "server/registry/registry.h"
#include "server/registry/token_issuer.h"

#include <memory>
#include <string_view>
#include <vector>

// The verbs of resources, one per file. Each is a coroutine that answers one request; what it needs stands in a
// ResourceCall. ApiHandler has already found the kind, refused methods that it does not have, and asked for permission.
namespace skiff::server {

class RequestMetrics;

// What the API is made of. All of it outlives the handler and the streams that it returned.
struct ApiParts {
  Registry& registry;
  const api::schema::Catalog& catalog;
  NodeServices& nodes;
  const Authenticator& authenticator;
  const Authorizer& authorizer;
  const ServiceAccountTokens& service_account_tokens;
  const TokenIssuer& token_issuer;
};

// One request about a resource. Lives in ApiHandler::handle(), longer than the verb but shorter than a stream.
struct ResourceCall {
  const ApiParts& parts;
  Registry& registry;
  RequestMetrics& metrics;
  Request request;
  RequestInfo info;
  ServedKind kind;  // null for what no registry keeps (reviews)
  OutputFormat format;
  // Gathers the warnings to send along.
  CallContext context;

  // A type of the catalog that a subresource is sent as.
  [[nodiscard]] const api::schema::Struct& type(std::string_view group, std::string_view version,
                                                std::string_view kind_name) const;
  // The object that the path names.
  [[nodiscard]] api::NamespacedName name() const;
  // The namespace of a collection; empty for all, and for kinds without namespaces.
  [[nodiscard]] std::string collection_namespace() const;
  [[nodiscard]] Rendering rendering() const { return {registry, kind, format}; }
  // The answer that shows one object, or its Scale when that was asked for.
  [[nodiscard]] api::Result<Response> object_response(int status, const store::RecordPtr& record) const;
  // The answer of upstream to a subresource that has nothing to show: a Status that carries its code.
  [[nodiscard]] Response success_response(int status) const;
};

using VerbResult = Task<api::Result<Response>>;
using Verb = VerbResult (*)(ResourceCall& call);

VerbResult list_objects(ResourceCall& call);
VerbResult watch_objects(ResourceCall& call);
VerbResult create_object(ResourceCall& call);
VerbResult delete_object(ResourceCall& call);
VerbResult delete_collection(ResourceCall& call);

// Also of the subresources status and finalize, which send and show the whole object, and of scale.
VerbResult get_object(ResourceCall& call);
VerbResult update_object(ResourceCall& call);
VerbResult patch_object(ResourceCall& call);

// POST pods/NAME/binding and POST bindings.
VerbResult bind_pod(ResourceCall& call);
VerbResult evict_pod(ResourceCall& call);
VerbResult read_pod_log(ResourceCall& call);
// GET or POST of pods/NAME/exec, attach and portforward, which change the connection's protocol.
VerbResult connect_exec(ResourceCall& call);
VerbResult connect_attach(ResourceCall& call);
VerbResult connect_port_forward(ResourceCall& call);
// GET nodes/NAME/proxy/metrics.
VerbResult proxy_node(ResourceCall& call);
// POST serviceaccounts/NAME/token.
VerbResult issue_token(ResourceCall& call);

// metrics.k8s.io: what nodes and pods use.
VerbResult get_node_metrics(ResourceCall& call);
VerbResult list_node_metrics(ResourceCall& call);
VerbResult get_pod_metrics(ResourceCall& call);
VerbResult list_pod_metrics(ResourceCall& call);

// POST of the reviews, which are answered and never stored: who may do what (authorization.k8s.io) and who is who
// (authentication.k8s.io).
VerbResult review_own_access(ResourceCall& call);
VerbResult review_access(ResourceCall& call);
VerbResult review_local_access(ResourceCall& call);
VerbResult review_own_rules(ResourceCall& call);
VerbResult review_self(ResourceCall& call);
VerbResult review_token(ResourceCall& call);

// The autoscaling/v1 Scale of an object, in the shape that the client asked for.
[[nodiscard]] api::Result<std::vector<Slice>> render_scale(const ResourceCall& call, const store::RecordPtr& record);

}  // namespace skiff::server
