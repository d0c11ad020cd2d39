#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/field_error.h"
#include "server/registry/kind.h"

#include <string>
#include <string_view>

// What every object's metadata obeys, whatever its kind.
namespace skiff::server {

// object.metadata, made when missing.
[[nodiscard]] Json& metadata_of(Json& object);

// Drops what nobody keeps any more (selfLink).
void drop_unkept_metadata(Json& object);

// A new object's uid and creationTimestamp; a deletion cannot be asked for at birth.
void fill_system_fields(Json& object, TimePoint now);

// The fields that an update cannot change by leaving them out: uid, creationTimestamp and the marks of a deletion.
void carry_system_fields(Json& object, const Json& old_object);

// generateName completed by five random characters, cut so that the whole stays a label.
[[nodiscard]] std::string generate_name(std::string_view prefix);

// Names, labels, annotations, owners and finalizers.
void validate_metadata(const Kind& kind, const Json& object, api::FieldErrors& errors);
// Of what a client sent as metadata.managedFields: the text of a list that Managers::parse() has taken.
void validate_managed_fields(std::string_view list, api::FieldErrors& errors);
void validate_metadata_update(const Json& object, const Json& old_object, api::FieldErrors& errors);

// Also for the labels of templates and nodes' selectors.
void validate_labels(const Json& labels, std::string_view path, api::FieldErrors& errors);
void validate_annotations(const Json& annotations, std::string_view path, api::FieldErrors& errors);

// That a finalizer's name is one of upstream's own or fully qualified.
void validate_standard_finalizer(const std::string& name, const std::string& path, api::FieldErrors& errors);

[[nodiscard]] bool has_finalizers(const Json& object);

}  // namespace skiff::server
