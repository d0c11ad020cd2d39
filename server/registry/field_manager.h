#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/managed_fields/updater.h"
#include "api/status.h"
#include "server/registry/kind.h"

#include <string>
#include <string_view>

namespace skiff::server {

// What metadata.managedFields of an object is to be.
struct ManagedFields {
  std::string text;         // of the list; nothing: none
  bool changed = true;      // in more than times
  bool is_clients = false;  // the client has sent at least a part
};

// Keeps metadata.managedFields during one request: who owns which fields. The verbs call it between decoding and
// admission; what is written past it (bindings, deletions, the work of admission and of strategies) belongs to nobody,
// as upstream. Objects are in the storage version unless said otherwise; those that are stored come without their
// managers, which go apart as text (`stored`): carrying them along would cost as much as the object.
//
// A value that lives in the verb's frame; used on its thread.
class FieldManager {
 public:
  // `context` outlives it.
  FieldManager(const ServedKind& kind, std::string subresource, const CallContext& context, TimePoint now);

  // `object` loses the managers that the client sent.
  [[nodiscard]] ManagedFields create(Json& object) const;
  // By an update or any patch but apply; `object` is to replace `current`, and loses the managers that the client sent.
  [[nodiscard]] ManagedFields update(std::string_view stored, const Json& current, Json& object) const;
  // By an update or patch of the subresource scale, from one autoscaling/v1 Scale to the other.
  [[nodiscard]] ManagedFields update_scale(const api::schema::Struct& scale_type, std::string_view stored,
                                           const Json& old_scale, const Json& new_scale) const;

  struct Applied {
    Json document;
    ManagedFields managed_fields;
  };
  // Server-side apply. `configuration` and the result are documents of the served version; the result is to be decoded
  // and given defaults. `current` is null when there is no object yet. Errors are those of
  // api::managed_fields::apply().
  [[nodiscard]] api::Result<Applied> apply(std::string_view stored, const Json* current, const Json& configuration,
                                           bool force) const;
  // The same for the subresource scale of an object that has these managers; documents are Scales.
  [[nodiscard]] api::Result<Applied> apply_scale(const api::schema::Struct& scale_type, std::string_view stored,
                                                 const Json& scale, const Json& configuration, bool force) const;

 private:
  [[nodiscard]] api::managed_fields::Writer writer(const api::managed_fields::Versions& versions,
                                                   std::string api_version) const;
  ServedKind kind_;
  std::string subresource_;
  const CallContext& context_;
  std::string now_;
};

}  // namespace skiff::server
