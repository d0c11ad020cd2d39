#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/field_error.h"
#include "api/managed_fields/field_set.h"
#include "api/selector.h"
#include "api/status.h"
#include "api/user.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// What a write knows about its request, and what it tells the client besides the object. Lives in the frame of the
// caller of a Registry verb, which outlives the verb.
struct CallContext {
  api::User user;
  std::string field_manager;
  bool dry_run = false;
  // Until when the client waits. A write that is not committed by then is answered with a Timeout; it may be committed
  // all the same.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Texts for Warning headers, in order, each once.
  std::vector<std::string> warnings;
  // False for components of our own: nobody reads what a kind warns of, so it is not looked for.
  bool wants_warnings = true;

  void warn(std::string text);
};

// A field that a field selector may name, and where its value comes from ("" when it is absent).
struct SelectableField {
  std::string name;  // "spec.nodeName"
  std::function<std::string(const Json& object)> value;
  // Whether lists and watches that ask for one value are to cost what they find, not what there is. It costs memory.
  bool indexed = false;
};

// What is peculiar to a kind; the verbs themselves are written once, in Registry. Stateless and thread-safe: every
// function is synchronous and a function of its arguments. Objects are in the storage version, decoded and with the
// schema's defaults. The base class fits a plain kind without status (ConfigMap).
class Strategy {
 public:
  virtual ~Strategy() = default;

  // Defaults that depend on other fields (imagePullPolicy on the tag); after the schema's, on every create and update.
  virtual void apply_defaults(Json& object) const { (void)object; }

  // What a client may not choose: empties status, sets generation to 1, ...
  virtual void prepare_for_create(Json& object, TimePoint now) const;
  // Keeps status from `old_object`, counts metadata.generation when the spec changed, ...
  virtual void prepare_for_update(Json& object, const Json& old_object, TimePoint now) const;
  // For the status subresource: keeps all but status (and what else upstream lets it change) from `old_object`.
  virtual void prepare_for_status_update(Json& object, const Json& old_object, TimePoint now) const;
  // For a kind's other subresources that are updated like the object (Namespace: "finalize"): keeps what the
  // subresource may not change from `old_object`.
  virtual void prepare_for_subresource_update(std::string_view subresource, Json& object, const Json& old_object) const;

  // Fields that a write through `subresource` ("" for the object itself) cannot change, and so does not own: status, or
  // all but status. (upstream: GetResetFields)
  [[nodiscard]] virtual api::managed_fields::FieldSet reset_fields(std::string_view subresource) const;

  // Beyond what the schema declares. validate() is called on create and update, before what is peculiar to either.
  virtual void validate(const Json& object, api::FieldErrors& errors) const;
  virtual void validate_create(const Json& object, api::FieldErrors& errors) const;
  virtual void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const;
  // For the status and the other subresources.
  virtual void validate_status_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const;

  // Appends the texts of Warning headers about an object that is valid, but probably not meant as it is. On create
  // (`old_object` is null) and update, not for other subresources than scale.
  virtual void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const;

  // What metadata.name must be: a format of api/schema/validate.h.
  [[nodiscard]] virtual std::string_view name_format() const { return "dns1123-subdomain"; }

  // Beyond metadata.name and, for namespaced kinds, metadata.namespace.
  [[nodiscard]] virtual const std::vector<SelectableField>& selectable_fields() const;

  // Whether metadata.generation counts the changes of spec (Deployment) or stays absent (ConfigMap).
  [[nodiscard]] virtual bool counts_generation() const { return false; }
  // Whether the change from `old_object` counts; asked only when counts_generation().
  [[nodiscard]] virtual bool changes_generation(const Json& object, const Json& old_object) const;

  // True: an update may come without resourceVersion and then applies to whatever is stored (most kinds).
  [[nodiscard]] virtual bool allow_unconditional_update() const { return true; }
  // True: an update of a name that does not exist creates it.
  [[nodiscard]] virtual bool allow_create_on_update() const { return false; }

  // The seconds that a deletion waits for somebody to confirm it (a pod's agent), or nothing when the kind is not
  // deleted gracefully. `requested` is DeleteOptions.gracePeriodSeconds.
  [[nodiscard]] virtual std::optional<std::int64_t> deletion_grace_seconds(const Json& object,
                                                                           std::optional<std::int64_t> requested) const;
  // True: a deletion that names no propagation policy leaves the dependents behind (kinds that did so before garbage
  // collection existed).
  [[nodiscard]] virtual bool orphans_dependents() const { return false; }
  // What a client is told who deletes without a propagation policy; empty: nothing.
  [[nodiscard]] virtual std::string_view deletion_warning() const { return ""; }
  // What a deletion that has to wait marks besides metadata (Namespace: status.phase Terminating).
  virtual void mark_deleting(Json& object) const { (void)object; }
  // True while something besides metadata.finalizers keeps a deleted object (Namespace: spec.finalizers).
  [[nodiscard]] virtual bool keeps_deleted(const Json& object) const {
    (void)object;
    return false;
  }
};

// Makes object[name] what it is in the old object, which may have none.
void keep_member(Json& object, const Json& old_object, const char* name);

}  // namespace skiff::server
