#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/managed_fields/updater.h"
#include "api/status.h"
#include "server/registry/kind.h"

#include <string>

namespace skiff::server {

// Keeps metadata.managedFields during one request: who owns which fields. The verbs call it between decoding and
// admission; what is written past it (bindings, deletions, the work of admission and of strategies) belongs to nobody,
// as upstream. Objects are in the storage version unless said otherwise, with what the client sent as managedFields;
// afterwards that is what is to be stored.
//
// A value that lives in the verb's frame; used on its thread.
class FieldManager {
 public:
  // `context` outlives it.
  FieldManager(const ServedKind& kind, std::string subresource, const CallContext& context, TimePoint now);

  void create(Json& object) const;
  // By an update or any patch but apply; `object` is to replace `current`.
  void update(const Json& current, Json& object) const;
  // By an update or patch of the subresource scale, from one autoscaling/v1 Scale to the other; `object` is what
  // belongs to the new one.
  void update_scale(const api::schema::Struct& scale_type, const Json& old_scale, const Json& new_scale,
                    Json& object) const;

  // Server-side apply. `configuration` and the result are documents of the served version; the result is to be decoded
  // and given defaults. `current` is null when there is no object yet. Errors are those of
  // api::managed_fields::apply().
  [[nodiscard]] api::Result<Json> apply(const Json* current, const Json& configuration, bool force) const;
  // The same for the subresource scale, of which the result is the new Scale. `managed_fields` receives the managers of
  // `current` as they are to be.
  [[nodiscard]] api::Result<Json> apply_scale(const api::schema::Struct& scale_type, const Json& scale,
                                              const Json& configuration, bool force, const Json& current,
                                              Json& managed_fields) const;

 private:
  [[nodiscard]] api::managed_fields::Writer writer(const api::managed_fields::Versions& versions,
                                                   std::string api_version) const;
  [[nodiscard]] api::managed_fields::Managers managers_of_update(const Json& current, Json& object) const;

  ServedKind kind_;
  std::string subresource_;
  const CallContext& context_;
  std::string now_;
};

// Puts a list of managers into an object; null takes it away.
void set_managed_fields(Json& object, Json list);

// Makes `object` the same as `current` when it differs in nothing but its resourceVersion and the times of its
// managers, so that a write that changes nothing is none.
void undo_idle_change(const Json& current, Json& object);

}  // namespace skiff::server
