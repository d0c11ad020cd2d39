#pragma once

#include "api/client.h"
#include "api/node_service.h"
#include "api/status.h"
#include "server/http/http.h"
#include "server/registry/registry.h"

#include <cstdint>
#include <optional>
#include <string>

namespace skiff::server {

// The query parameters of the verbs, read and checked as upstream does: a value that is not of the parameter's type is
// kBadRequest, one that is not allowed kInvalid about "ListOptions.meta.k8s.io" and the like. Parameters that a verb
// does not know are ignored.

// Upstream's reading of boolean parameters: present and neither "false" nor "0".
[[nodiscard]] bool is_true(const std::optional<std::string>& value);

// All values of a parameter that may stand there several times, in their order.
[[nodiscard]] std::vector<std::string> values_of(const Request& request, std::string_view name);

// Nothing when the parameter is absent; kBadRequest with the text of Go's strconv.ParseInt when it is no number, which
// "" is not.
[[nodiscard]] api::Result<std::optional<std::int64_t>> integer_parameter(const Request& request, std::string_view name);

// v1.PodLogOptions as they stand in the query, numbers and times not yet checked for sense.
[[nodiscard]] api::Result<api::LogOptions> log_query(const Request& request);

// v1.PodPortForwardOptions: numbers, also several in one value with commas between them; none when there are none.
[[nodiscard]] api::Result<std::vector<std::uint16_t>> ports_query(const Request& request);

// metav1.ListOptions.
struct ListQuery {
  ListParams params;
  bool watch = false;
  bool allow_bookmarks = false;
  std::optional<bool> send_initial_events;
  std::optional<std::int64_t> timeout_seconds;
};
[[nodiscard]] api::Result<ListQuery> list_query(const Request& request);

// What metav1.CreateOptions, UpdateOptions and PatchOptions have in common.
struct WriteQuery {
  WriteParams params;
  bool dry_run = false;
  bool force = false;  // server-side apply
  // As given, or derived from the User-Agent as upstream does.
  std::string field_manager;
};
[[nodiscard]] api::Result<WriteQuery> create_query(const Request& request);
[[nodiscard]] api::Result<WriteQuery> update_query(const Request& request);
[[nodiscard]] api::Result<WriteQuery> patch_query(const Request& request, api::PatchType type);

// metav1.DeleteOptions.
struct DeleteQuery {
  api::DeleteOptions options;
  bool dry_run = false;
  // orphanDependents=false was asked for, the only case in which upstream answers 202 to a deletion that is under way.
  bool accepted_when_pending = false;
};
// Out of the query, which counts when the request has no body.
[[nodiscard]] api::Result<DeleteQuery> delete_query(const Request& request);
// Out of a DeleteOptions that has been decoded by its schema.
[[nodiscard]] api::Result<DeleteQuery> delete_query_of(const Json& document);

}  // namespace skiff::server
