#include "api/base/check.h"
#include "api/managed_fields/merge.h"
#include "api/managed_fields/walk.h"
#include "api/schema/decode.h"
#include "api/schema/merge.h"
#include "test/fuzz/support.h"
#include "test/fuzz/target.h"

namespace skiff::fuzz {

namespace {

// A type with lists and maps of all kinds.
const api::schema::Struct& pod_type() {
  static const api::schema::Struct* type = catalog().find_kind("", "v1", "Pod");
  CHECK_INVARIANT(type != nullptr);
  return *type;
}

}  // namespace

void fuzz_json_patch(std::string_view input) {
  const auto documents = two_documents(input);
  if (!documents) return;
  const auto patched = api::schema::apply_json_patch(documents->first, documents->second);
  if (patched) static_cast<void>(to_json_text(*patched));
}

void fuzz_merge_patch(std::string_view input) {
  const auto documents = two_documents(input);
  if (!documents) return;
  const auto patched = api::schema::apply_merge_patch(documents->first, documents->second);
  if (!patched) return;
  // A merge patch says what is to be, so a second time changes nothing.
  const auto again = api::schema::apply_merge_patch(*patched, documents->second);
  CHECK_INVARIANT(again && *again == *patched);
}

void fuzz_strategic_merge_patch(std::string_view input) {
  const auto documents = two_documents(input);
  if (!documents) return;
  const auto patched = api::schema::apply_strategic_merge_patch(pod_type(), documents->first, documents->second);
  if (patched) static_cast<void>(api::schema::decode(pod_type(), *patched));
}

void fuzz_field_set(std::string_view input) {
  using api::managed_fields::FieldSet;
  const std::optional<Json> tree = json_of(input);
  if (!tree) return;
  const std::optional<FieldSet> set = FieldSet::parse(*tree);
  if (!set) return;
  set->for_each([](const std::string&) {});
  FieldSet doubled = *set;
  doubled.add(*set);
  CHECK_INVARIANT(doubled == *set && set->intersection(*set) == *set);
  doubled.subtract(*set);
  CHECK_INVARIANT(doubled.empty());
}

void fuzz_apply(std::string_view input) {
  namespace fields = api::managed_fields;
  auto documents = two_documents(input);
  if (!documents) return;
  auto live = api::schema::decode(pod_type(), std::move(documents->first));
  if (!live) return;
  if (!fields::check_configuration(pod_type(), documents->second).empty()) return;
  const fields::FieldSet owned = fields::fields_of(pod_type(), documents->second);
  const Json merged = fields::merge(pod_type(), live->object, documents->second);
  CHECK_INVARIANT(fields::compare(pod_type(), merged, merged).empty());
  static_cast<void>(fields::compare(pod_type(), live->object, merged));
  static_cast<void>(fields::without(pod_type(), merged, fields::with_parents(pod_type(), owned)));
}

}  // namespace skiff::fuzz
