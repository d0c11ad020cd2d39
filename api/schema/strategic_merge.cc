#include "api/schema/go_text.h"
#include "api/schema/merge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Strategic merge patch: a merge patch that knows which lists are sets, or maps by a key, and takes directives in
// members whose names start with "$":
//   $patch: replace | delete          in an object: replaces or empties it; in an element of a merged list: `replace`
//   drops
//                                     all elements that were there, `delete` the one with the same key
//   $retainKeys: [a, b]               of the object that it stands in only these members stay
//   $setElementOrder/NAME: [..]       the order of the elements that the client knows of list NAME
//   $deleteFromPrimitiveList/NAME: [..]  removes these scalars from list NAME
namespace skiff::api::schema {
namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kSetElementOrder = "$setElementOrder";
constexpr std::string_view kDeleteFromPrimitiveList = "$deleteFromPrimitiveList";

bool is_directive(std::string_view name) {
  return name == kPatch || name == kRetainKeys || name.starts_with(kSetElementOrder) ||
         name.starts_with(kDeleteFromPrimitiveList);
}

// An element of a list that is a directive: {"$patch": "replace"}, {"$patch": "delete", "name": "x"}.
bool is_special(const Json& element) { return find(element, {kPatch}) != nullptr; }

// What a patch adds where nothing was: without directives and nulls. False when `$patch: delete` drops all of it.
bool strip(Json& value) {
  if (value.is_array()) {
    std::erase_if(value.get_ref<Json::array_t&>(),
                  [](Json& element) { return is_special(element) || !strip(element); });
  }
  if (!value.is_object()) return true;
  if (string_at(value, {kPatch}) == "delete") return false;
  for (auto member = value.begin(); member != value.end();) {
    const bool keep = !is_directive(member.key()) && !member.value().is_null() && strip(member.value());
    member = keep ? std::next(member) : value.erase(member);
  }
  return true;
}

// How the schema says a member is merged. Inside of maps all members are of one type; inside of anything else nothing
// is known, and lists are replaced.
struct Strategy {
  const Type* type = nullptr;
  bool merge_list = false;
  std::string_view merge_key;
  bool replace = false;
};

Strategy strategy_of(const Type* type, std::string_view name) {
  if (type == nullptr) return {};
  if (type->kind == TypeKind::kMap) return {type->element, false, {}, false};
  const Field* field = type->kind == TypeKind::kStruct ? type->structure->find(name) : nullptr;
  if (field == nullptr) return {};
  return {&field->type, field->patch_merge, field->patch_merge_key, field->patch_replace};
}

// What identifies an element of a merged list: its merge key's value, or the scalar itself. Null when the key is
// missing.
const Json* identity(const Json& element, std::string_view merge_key) {
  return merge_key.empty() ? &element : find(element, {merge_key});
}

bool is_same(const Json& a, const Json& b, std::string_view merge_key) {
  const Json* a_identity = identity(a, merge_key);
  const Json* b_identity = identity(b, merge_key);
  return a_identity != nullptr && b_identity != nullptr && *a_identity == *b_identity;
}

// Where each element of a list stands, by identity; of equal ones the first. A patch may be as long as a request:
// looking up one by one would take hours.
class Positions {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Positions(const Json& list, std::string_view merge_key) : merge_key_(merge_key) {
    for (const Json& element : list) add(element);
  }
  void add(const Json& element) {
    if (const Json* id = identity(element, merge_key_)) positions_.emplace(*id, size_);
    ++size_;
  }
  std::size_t of(const Json& element) const {
    const Json* id = identity(element, merge_key_);
    const auto found = id == nullptr ? positions_.end() : positions_.find(*id);
    return found == positions_.end() ? kNone : found->second;
  }
  bool contain(const Json& element) const { return of(element) != kNone; }

 private:
  std::string_view merge_key_;
  std::map<Json, std::size_t> positions_;
  std::size_t size_ = 0;
};

void sort_by(const Positions& order, Json::array_t& elements) {
  std::vector<std::pair<std::size_t, Json>> ranked;
  for (Json& element : elements) {
    const std::size_t rank = order.of(element);
    ranked.emplace_back(rank, std::move(element));
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < ranked.size(); ++i) elements[i] = std::move(ranked[i].second);
}

// Puts the elements of a merged list in order: those in `patch_order` in that order, those that only the server had in
// `server_order`, the latter before the first of the former that stood behind them.
Json in_order(Json merged, const Positions& patch_order, const Positions& server_order) {
  Json::array_t from_patch;
  Json::array_t server_only;
  for (Json& element : merged) {
    (patch_order.contain(element) ? from_patch : server_only).push_back(std::move(element));
  }
  sort_by(patch_order, from_patch);
  sort_by(server_order, server_only);
  Json::array_t result;
  auto next_server = server_only.begin();
  for (Json& element : from_patch) {
    const std::size_t place = server_order.of(element);
    while (place != Positions::kNone && next_server != server_only.end() && server_order.of(*next_server) < place) {
      result.push_back(std::move(*next_server++));
    }
    result.push_back(std::move(element));
  }
  std::move(next_server, server_only.end(), std::back_inserter(result));
  return result;
}

// Merges in place. A function that returns false has left an error, and the document half merged.
class Merger {
 public:
  std::optional<Status> error;

  bool merge_object(Json& original, Json& patch, const Type* type) {
    if (const Json* directive = find(patch, {kPatch})) return apply_directive(*directive, original, patch);
    if (!original.is_object()) original = Json::object();
    if (!apply_retain_keys(original, patch) || !apply_element_orders(original, patch, type)) return false;
    for (auto& [name, value] : patch.items()) {
      if (name.starts_with(kDeleteFromPrimitiveList)) {
        if (!delete_from_list(original, name, value)) return false;
      } else if (!merge_member(original, name, value, strategy_of(type, name))) {
        return false;
      }
    }
    return true;
  }

 private:
  // What upstream has no status for goes out as it is, without a reason.
  bool fail(std::string text) {
    Status status;
    status.reason = Reason::kUnknown;
    status.message = std::move(text);
    error = std::move(status);
    return false;
  }

  bool fail_bad_format(std::string_view of) {
    error = bad_request("invalid patch format of " + std::string(of));
    return false;
  }

  bool fail_unprocessable() {
    Status status;
    status.reason = Reason::kInvalid;
    status.message = "the server rejected our request due to an error in our request";
    error = std::move(status);
    return false;
  }

  bool apply_directive(const Json& directive, Json& original, Json& patch) {
    if (directive == "delete") {
      original = Json::object();
    } else if (directive == "replace") {
      strip(patch);
      original = std::move(patch);
    } else {
      return fail("unknown patch type: " + internal::go_text(directive) + " in map: " + internal::go_text(patch));
    }
    return true;
  }

  bool apply_retain_keys(Json& original, Json& patch) {
    const auto directive = patch.find(std::string(kRetainKeys));
    if (directive == patch.end()) return true;
    const Json keys = std::move(directive.value());
    patch.erase(directive);
    if (!keys.is_array()) return fail_bad_format("retainKeys");
    const Positions retained(keys, "");
    for (const auto& [name, value] : patch.items()) {
      if (value.is_null() || is_directive(name) || retained.contain(name)) continue;
      return fail_bad_format("retainKeys");
    }
    for (auto member = original.begin(); member != original.end();) {
      member = retained.contain(member.key()) ? std::next(member) : original.erase(member);
    }
    return true;
  }

  // Each $setElementOrder, together with the list of the patch that it orders.
  bool apply_element_orders(Json& original, Json& patch, const Type* type) {
    std::vector<std::pair<std::string, Json>> orders;
    for (auto member = patch.begin(); member != patch.end();) {
      if (!member.key().starts_with(kSetElementOrder)) {
        ++member;
        continue;
      }
      const std::string_view rest = std::string_view(member.key()).substr(kSetElementOrder.size());
      if (!rest.starts_with('/') || !member->is_array()) return fail_bad_format("setElementOrder list");
      orders.emplace_back(rest.substr(1), std::move(*member));
      member = patch.erase(member);
    }
    for (const auto& [name, order] : orders) {
      if (!apply_element_order(original, patch, name, order, strategy_of(type, name))) return false;
    }
    return true;
  }

  // Takes the list out of the patch.
  bool apply_element_order(Json& original, Json& patch, const std::string& name, const Json& order,
                           const Strategy& strategy) {
    const auto in_patch = patch.find(name);
    const bool has_patch = in_patch != patch.end();
    const bool has_original = original.contains(name);
    if (has_patch && in_patch->is_null()) return true;
    if (has_patch && !in_patch->is_array()) return fail("expected a slice, but received a " + kind_of(*in_patch));
    if (has_original && !original[name].is_array()) {
      return fail("expected a slice, but received a " + kind_of(original[name]));
    }
    if (!has_patch && !has_original) return true;
    if (has_patch && !check_order(*in_patch, order, strategy.merge_key)) return false;
    const Positions server_order(has_original ? original[name] : Json::array(), strategy.merge_key);
    if (has_patch) {
      if (!merge_member(original, name, *in_patch, strategy)) return false;
      patch.erase(in_patch);
    }
    Json& merged = original[name];
    if (!strategy.merge_key.empty() && !check_keys(merged, strategy.merge_key)) return false;
    merged = in_order(std::move(merged), Positions(order, strategy.merge_key), server_order);
    return true;
  }

  // The elements of the patch must stand in the order in which the order list has them.
  bool check_order(const Json& patch, const Json& order, std::string_view merge_key) {
    if (order.empty()) return true;
    std::size_t next = 0;
    for (const Json& element : patch) {
      if (is_special(element)) continue;
      while (next < order.size() && !is_same(order[next], element, merge_key)) ++next;
      if (next == order.size()) {
        return fail("The order in patch list:\n" + internal::go_text(patch) +
                    "\n doesn't match $setElementOrder list:\n" + internal::go_text(order) + "\n");
      }
      ++next;
    }
    return true;
  }

  bool delete_from_list(Json& original, std::string_view directive, const Json& values) {
    const std::string_view rest = directive.substr(kDeleteFromPrimitiveList.size());
    if (!rest.starts_with('/') || !values.is_array()) return fail_bad_format("primitive list");
    const auto list = original.find(std::string(rest.substr(1)));
    if (list == original.end() || !list->is_array()) return true;
    const Positions deleted(values, "");
    std::erase_if(list->get_ref<Json::array_t&>(), [&](const Json& element) { return deleted.contain(element); });
    return true;
  }

  bool merge_member(Json& original, const std::string& name, Json& value, const Strategy& strategy) {
    const auto member = original.find(name);
    if (value.is_null()) {
      if (member != original.end()) original.erase(member);
      return true;
    }
    const bool same_shape = member != original.end() && !strategy.replace &&
                            ((member->is_object() && value.is_object()) || (member->is_array() && value.is_array()));
    if (same_shape && value.is_object()) return merge_object(*member, value, strategy.type);
    if (same_shape && strategy.merge_list) {
      const Type* element_type = strategy.type->element;
      return merge_list(*member, value, element_type, strategy.merge_key);
    }
    if (strip(value)) original[name] = std::move(value);
    return true;
  }

  bool merge_list(Json& original, Json& patch, const Type* element_type, std::string_view merge_key) {
    if (original.empty() && patch.empty()) return true;
    if (!check_elements(original, patch)) return false;
    const bool objects = (patch.empty() ? original : patch)[0].is_object();
    if (!objects) {
      merge_scalars(original, patch);
      return true;
    }
    if (merge_key.empty()) return fail("cannot merge lists without merge key for type struct");
    if (!apply_special_elements(original, patch, merge_key)) return false;
    const Positions server_order(original, merge_key);
    const Positions patch_order(patch, merge_key);
    Positions places = server_order;
    for (Json& element : patch) {
      if (identity(element, merge_key) == nullptr) return fail_no_key(element, merge_key);
      if (const std::size_t place = places.of(element); place != Positions::kNone) {
        if (!merge_object(original[place], element, element_type)) return false;
      } else if (strip(element)) {
        places.add(element);
        original.push_back(std::move(element));
      }
    }
    if (!check_keys(original, merge_key)) return false;
    original = in_order(std::move(original), patch_order, server_order);
    return true;
  }

  static void merge_scalars(Json& original, const Json& patch) {
    const Positions server_order(original, "");
    Positions places = server_order;
    for (const Json& element : patch) {
      if (places.contain(element)) continue;
      places.add(element);
      original.push_back(element);
    }
    original = in_order(std::move(original), Positions(patch, ""), server_order);
  }

  // $patch: delete and replace among a list's elements. Leaves the other elements in `patch`.
  bool apply_special_elements(Json& original, Json& patch, std::string_view merge_key) {
    bool replace = false;
    Json deleted = Json::array();
    Json plain = Json::array();
    for (Json& element : patch) {
      const Json* directive = find(element, {kPatch});
      if (directive == nullptr) {
        plain.push_back(std::move(element));
      } else if (*directive == "replace") {
        replace = true;
      } else if (*directive == "delete") {
        if (identity(element, merge_key) == nullptr) return fail_no_key(element, merge_key);
        deleted.push_back(std::move(element));
      } else if (*directive == "merge") {
        return fail("merging lists cannot yet be specified in the patch");
      } else {
        return fail("unknown patch type: " + internal::go_text(*directive) + " in map: " + internal::go_text(element));
      }
    }
    if (!deleted.empty()) {
      const Positions places(deleted, merge_key);
      std::erase_if(original.get_ref<Json::array_t&>(), [&](const Json& element) { return places.contain(element); });
    }
    if (replace) {
      strip(plain);
      original = std::move(plain);
      plain = Json::array();
    }
    patch = std::move(plain);
    return true;
  }

  // All elements of one kind, and not lists.
  bool check_elements(const Json& original, const Json& patch) {
    const Json& first = (original.empty() ? patch : original)[0];
    if (first.is_array()) return fail_unprocessable();
    for (const Json* list : {&original, &patch}) {
      for (const Json& element : *list) {
        if (kind_of(element) != kind_of(first)) {
          return fail("list element types are not identical: [" + internal::go_text(original) + " " +
                      internal::go_text(patch) + "]");
        }
      }
    }
    return true;
  }

  bool check_keys(const Json& list, std::string_view merge_key) {
    for (const Json& element : list) {
      if (identity(element, merge_key) == nullptr) return fail_no_key(element, merge_key);
    }
    return true;
  }

  bool fail_no_key(const Json& element, std::string_view merge_key) {
    return fail("map: " + internal::go_text(element) +
                " does not contain declared merge key: " + std::string(merge_key));
  }

  static std::string kind_of(const Json& value) {
    if (value.is_object()) return "map";
    if (value.is_array()) return "slice";
    return internal::go_name_of_value(value);
  }
};

}  // namespace

Result<Json> apply_strategic_merge_patch(const Struct& type, Json object, const Json& patch) {
  if (!patch.is_object()) {
    return bad_request("json: cannot unmarshal " + internal::go_name_of_value(patch) +
                       " into Go value of type map[string]interface {}");
  }
  const Type root{TypeKind::kStruct, nullptr, &type};
  Json consumed = patch;
  Merger merger;
  if (!merger.merge_object(object, consumed, &root)) return std::move(*merger.error);
  return Result<Json>(boost::system::in_place_value, std::move(object));
}

}  // namespace skiff::api::schema
