#pragma once

#include "api/base/json.h"
#include "store/store.h"

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skiff::test {

// One object as a client sees it.
struct SeenObject {
  std::string resource_version;
  std::string value;  // data.value

  friend bool operator==(const SeenObject&, const SeenObject&) = default;
};

// Objects by "namespace/name".
using SeenObjects = std::map<std::string, SeenObject>;

[[nodiscard]] inline std::string key_in(const Json& object) {
  return string_at(object, {"metadata", "namespace"}) + "/" + string_at(object, {"metadata", "name"});
}

[[nodiscard]] inline store::Revision revision_in(const Json& object) {
  return std::atoll(string_at(object, {"metadata", "resourceVersion"}).c_str());
}

[[nodiscard]] inline SeenObject seen_in(const Json& object) {
  return {string_at(object, {"metadata", "resourceVersion"}), string_at(object, {"data", "value"})};
}

// All states that a collection of config maps ever was in, written down by whoever writes to it. What a client believes
// at some revision is compared with the state of that revision.
class CollectionModel {
 public:
  // The collection was written to at `revision`; nothing: the object was deleted.
  void write(store::Revision revision, const std::string& key, const std::optional<Json>& object) {
    if (object) {
      all_[key] = seen_in(*object);
      red_.erase(key);
      if (string_at(*object, {"metadata", "labels", "color"}) == "red") red_[key] = seen_in(*object);
    } else {
      all_.erase(key);
      red_.erase(key);
    }
    states_[revision] = State{all_, red_};
  }

  // What a client sees at `revision`, one of all objects or one that selects color=red.
  [[nodiscard]] SeenObjects at(store::Revision revision, bool only_red) const {
    auto after = states_.upper_bound(revision);
    if (after == states_.begin()) return {};
    const State& state = std::prev(after)->second;
    return only_red ? state.red : state.all;
  }

  [[nodiscard]] const SeenObjects& now(bool only_red) const { return only_red ? red_ : all_; }

 private:
  struct State {
    SeenObjects all;
    SeenObjects red;
  };
  SeenObjects all_;
  SeenObjects red_;
  std::map<store::Revision, State> states_;
};

}  // namespace skiff::test
