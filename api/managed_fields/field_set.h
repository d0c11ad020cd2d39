#pragma once

#include "api/base/json.h"
#include "api/managed_fields/path_element.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::api::managed_fields {

// A set of fields of an object, in the very form that managedFields stores (FieldsV1), so that what a write does not
// touch is carried along as it is:
//
//   {"f:metadata": {"f:labels": {".": {}, "f:app": {}}},      metadata.labels, metadata.labels.app
//    "f:spec": {"f:replicas": {}}}                            spec.replicas
//
// A member is an element whose object is empty or has a "."; what has neither is only on the way to members. The whole
// object is never a member. Members are sorted by their text (the JSON library's order), which differs from upstream's
// for keys that are numbers; for_each() has upstream's order.
//
// A value, used on one thread; operations cost about the size of the smaller set. A set out of text is read only when
// somebody asks for more than a look at the text tells: most writes have nothing to do with most managers.
class FieldSet {
 public:
  FieldSet() = default;
  // A set out of paths of fields: FieldSet({{"spec"}, {"metadata", "labels"}}).
  FieldSet(std::initializer_list<std::initializer_list<std::string_view>> paths);
  // Takes a tree that is known to be well-formed: one that was stored, or that walk.h made.
  [[nodiscard]] static FieldSet from_tree(Json tree);
  // Takes such a tree as the text that was stored.
  [[nodiscard]] static FieldSet from_text(std::string text);
  // Out of a client's document; nothing when it is no FieldsV1.
  [[nodiscard]] static std::optional<FieldSet> parse(const Json& fields_v1);

  [[nodiscard]] const Json& tree() const;
  [[nodiscard]] std::string to_text() const;

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool contains(std::initializer_list<std::string_view> fields) const;

  // These two tell whether the set has changed.
  bool add(const FieldSet& other);
  bool add(FieldSet&& other);
  // Takes away the members of `other`; what is below them stays.
  bool subtract(const FieldSet& other);
  // Takes away the members of `other` and all that is below them.
  void subtract_below(const FieldSet& other);
  [[nodiscard]] FieldSet intersection(const FieldSet& other) const;

  // The paths of all members as messages show them (`.spec.containers[name="web"].image`), in upstream's order: those
  // of one level before what is below them.
  void for_each(const std::function<void(const std::string& path)>& visit) const;

  bool operator==(const FieldSet& other) const;

 private:
  Json& tree_for_writing();
  // Whether the two certainly have nothing in common.
  [[nodiscard]] bool is_apart_from(const FieldSet& other) const;

  // While there is a text, the tree has not been read from it.
  mutable std::string text_;
  mutable Json tree_ = Json::object();
};

// Of an element's object: whether the element itself belongs to the set.
[[nodiscard]] bool is_member(const Json& node);

}  // namespace skiff::api::managed_fields
