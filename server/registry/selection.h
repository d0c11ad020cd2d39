#pragma once

#include "api/selector.h"
#include "api/status.h"
#include "server/registry/kind.h"
#include "store/store.h"

#include <optional>
#include <string_view>

namespace skiff::server {

// The attributes of a record, by which it is selected without parsing its value: "f:<field>" for each selectable field
// that is not empty and "l:<label>" for each label, sorted by name.
[[nodiscard]] store::Attributes attributes_of(const Kind& kind, const Json& object);

// "f:<field>".
[[nodiscard]] std::string field_attribute(std::string_view field);

// A label and a field selector, applied to records. Immutable.
class Selection {
 public:
  Selection() = default;
  Selection(api::LabelSelector labels, api::FieldSelector fields);

  [[nodiscard]] bool everything() const { return labels_.empty() && fields_.empty(); }
  [[nodiscard]] bool matches(const store::Record& record) const;
  // The one name that an object must have; nothing when the fields do not say so.
  [[nodiscard]] std::optional<std::string_view> only_name() const;
  // The attribute that all records must have for the field; nothing when the fields do not say so, or that it be empty.
  [[nodiscard]] std::optional<store::Attribute> only_attribute(std::string_view field) const;
  // kBadRequest when the field selector names a field that the kind does not offer.
  [[nodiscard]] api::Result<void> check_fields(const Kind& kind) const;

 private:
  [[nodiscard]] std::optional<std::string_view> only_value(std::string_view field) const;

  api::LabelSelector labels_;
  api::FieldSelector fields_;
};

}  // namespace skiff::server
