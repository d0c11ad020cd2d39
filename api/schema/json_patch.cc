#include "api/schema/go_text.h"
#include "api/schema/merge.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// RFC 6902 as upstream's library reads it: negative indices count from the end, and a patch that cannot be applied is
// answered with one fixed sentence.
namespace skiff::api::schema {
namespace {

constexpr std::size_t kMaxOperations = 10'000;
// What all copy operations of a patch may add, as JSON text: without a limit few copies double a document to death.
constexpr std::size_t kMaxCopiedBytes = 3 * 1024 * 1024;
// What a patch may cost in all, see Patcher; the longest takes well below a second.
constexpr std::size_t kMaxWork = 4'000'000;
// Elements of a list that are moved along by an insertion or a removal at the price of one unit.
constexpr std::size_t kShiftsPerWork = 8;

Status cannot_apply() {
  Status status;
  status.reason = Reason::kInvalid;
  status.message = "the server rejected our request due to an error in our request";
  return status;
}

// "/spec/a~1b" as {"spec", "a/b"}; nothing when it is neither empty nor starts with a slash.
std::optional<std::vector<std::string>> split_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  while (!pointer.empty()) {
    if (pointer[0] != '/') return std::nullopt;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string& token = tokens.emplace_back();
    for (std::size_t i = 1; i < end; ++i) {
      const bool escape = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      token += escape ? (pointer[i + 1] == '0' ? '~' : '/') : pointer[i];
      if (escape) ++i;
    }
    pointer.remove_prefix(end);
  }
  return tokens;
}

// The position that a token names in a list of `size` elements; `size` itself is behind the last one.
std::optional<std::size_t> list_position(const std::string& token, std::size_t size) {
  std::int64_t position = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), position);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  if (position < 0) position += static_cast<std::int64_t>(size);
  if (position < 0 || position > static_cast<std::int64_t>(size)) return std::nullopt;
  return static_cast<std::size_t>(position);
}

struct Extent {
  std::size_t nodes = 1;
  std::size_t depth = 0;
};

Extent measure(const Json& value) {
  Extent extent;
  if (!value.is_structured()) return extent;
  for (const Json& element : value) {
    const Extent inner = measure(element);
    extent.nodes += inner.nodes;
    extent.depth = std::max(extent.depth, inner.depth);
  }
  ++extent.depth;
  return extent;
}

// Applies operations one after the other; false ends it. Few bytes of patch can ask for a lot of work on a large
// document, so work is counted: a unit is about what handling one value takes.
class Patcher {
 public:
  explicit Patcher(Json document) : document_(std::move(document)) {}

  bool apply(const Json& operation) {
    const std::string name = string_at(operation, {"op"});
    const auto path = pointer_at(operation, "path");
    if (!path) return false;
    if (name == "remove") return remove(*path);
    if (name == "move" || name == "copy") return move_or_copy(operation, *path, name == "move");
    static const Json kNull;
    const Json* value = find(operation, {"value"});
    if (name == "test") return test(*path, value);
    if (value == nullptr) value = &kNull;
    if (name == "add") return add(*path, *value);
    return name == "replace" && replace(*path, *value);
  }

  Json take() { return std::move(document_); }

 private:
  using Tokens = std::vector<std::string>;

  bool spend(std::size_t work) {
    work_ += work;
    return work_ <= kMaxWork;
  }

  // Whether the value may stand at the path.
  bool fits(const Tokens& path, const Json& value) {
    const Extent extent = measure(value);
    return path.size() + extent.depth <= kMaxJsonDepth && spend(extent.nodes);
  }

  static std::optional<Tokens> pointer_at(const Json& operation, std::string_view member) {
    const Json* text = find(operation, {member});
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return split_pointer(text->get_ref<const std::string&>());
  }

  // The value at the first `count` tokens, or null.
  Json* walk(const Tokens& tokens, std::size_t count) {
    Json* place = &document_;
    for (std::size_t i = 0; i < count; ++i) {
      if (place->is_object()) {
        const auto member = place->find(tokens[i]);
        if (member == place->end()) return nullptr;
        place = &*member;
      } else if (place->is_array()) {
        const auto position = list_position(tokens[i], place->size());
        if (!position || *position == place->size()) return nullptr;
        place = &(*place)[*position];
      } else {
        return nullptr;
      }
    }
    return place;
  }

  bool add(const Tokens& path, Json value) {
    if (!fits(path, value)) return false;
    if (path.empty()) {
      document_ = std::move(value);
      return true;
    }
    Json* parent = walk(path, path.size() - 1);
    if (parent == nullptr) return false;
    if (parent->is_object()) {
      (*parent)[path.back()] = std::move(value);
      return true;
    }
    if (!parent->is_array()) return false;
    const auto position = path.back() == "-" ? parent->size() : list_position(path.back(), parent->size());
    if (!position || !spend(parent->size() / kShiftsPerWork)) return false;
    parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*position), std::move(value));
    return true;
  }

  bool replace(const Tokens& path, const Json& value) {
    Json* place = walk(path, path.size());
    if (place == nullptr || !fits(path, value)) return false;
    *place = value;
    return true;
  }

  bool remove(const Tokens& path) {
    if (path.empty()) return false;
    Json* parent = walk(path, path.size() - 1);
    if (parent == nullptr) return false;
    if (parent->is_object()) return parent->erase(path.back()) == 1;
    if (!parent->is_array()) return false;
    const auto position = list_position(path.back(), parent->size());
    if (!position || *position == parent->size() || !spend(parent->size() / kShiftsPerWork)) return false;
    parent->erase(*position);
    return true;
  }

  bool move_or_copy(const Json& operation, const Tokens& path, bool move) {
    const auto from = pointer_at(operation, "from");
    if (!from) return false;
    Json* source = walk(*from, from->size());
    if (source == nullptr) return false;
    if (move) {
      Json value = std::move(*source);
      return remove(*from) && add(path, std::move(value));
    }
    copied_bytes_ += to_json_text(*source).size();
    return copied_bytes_ <= kMaxCopiedBytes && add(path, *source);
  }

  // A value that is missing equals null.
  bool test(const Tokens& path, const Json* expected) {
    const Json* value = walk(path, path.size());
    const bool expects_null = expected == nullptr || expected->is_null();
    return value == nullptr ? expects_null : expected == nullptr ? value->is_null() : *value == *expected;
  }

  Json document_;
  std::size_t copied_bytes_ = 0;
  std::size_t work_ = 0;
};

// Upstream reads the patch twice, the first time only to see whether it has the form of one.
Status malformed(const Json& value, const std::string& wanted) {
  return bad_request("error decoding patch: json: cannot unmarshal " + internal::go_name_of_value(value) + " into Go " +
                     wanted);
}

Result<void> check_form(const Json& patch) {
  if (!patch.is_array()) return malformed(patch, "value of type []handlers.jsonPatchOp");
  for (const Json& operation : patch) {
    if (operation.is_null()) continue;
    if (!operation.is_object()) return malformed(operation, "value of type handlers.jsonPatchOp");
    for (const char* member : {"op", "path", "from"}) {
      const Json* value = find(operation, {member});
      if (value == nullptr || value->is_null() || value->is_string()) continue;
      return malformed(*value, "struct field jsonPatchOp." + std::string(member) + " of type string");
    }
  }
  return {};
}

}  // namespace

Result<Json> apply_json_patch(Json object, const Json& patch) {
  if (auto checked = check_form(patch); !checked) return checked.error();
  if (patch.size() > kMaxOperations) {
    Status status;
    status.reason = Reason::kRequestEntityTooLarge;
    status.message = "The allowed maximum operations in a JSON patch is " + std::to_string(kMaxOperations) + ", got " +
                     std::to_string(patch.size());
    return status;
  }
  Patcher patcher(std::move(object));
  for (const Json& operation : patch) {
    if (!patcher.apply(operation)) return cannot_apply();
  }
  return Result<Json>(boost::system::in_place_value, patcher.take());
}

}  // namespace skiff::api::schema
