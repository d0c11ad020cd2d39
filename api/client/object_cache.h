#pragma once

#include "api/client.h"
#include "api/client/resting_object.h"
#include "api/resource.h"

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skiff::api {

// Objects of one resource by namespace and name, with any number of named indexes, so that nobody has to scan. Of very
// many objects only those that changed lately are kept parsed (see RestingObject). Not thread-safe.
class ObjectCache {
 public:
  // The values under which an object is found in an index.
  using IndexFunction = std::function<std::vector<std::string>(const Json& object)>;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  // At most so many objects are kept parsed; the others are parsed each time they are asked for.
  explicit ObjectCache(std::size_t awake = kAll) : awake_(awake) {}

  // Also covers what is in the cache already. An index that exists under this name stays as it is.
  void add_index(const std::string& name, IndexFunction function);

  // The object that stood there before, or null.
  ObjectPtr put(ObjectPtr object);
  ObjectPtr remove(const NamespacedName& name);

  // Null when there is none.
  [[nodiscard]] ObjectPtr get(const NamespacedName& name) const;
  // In order of namespace and name. All namespaces when `namespace_` is empty.
  [[nodiscard]] std::vector<ObjectPtr> list(const std::string& namespace_ = "") const;
  // In order of namespace and name. The index must exist.
  [[nodiscard]] std::vector<ObjectPtr> by_index(const std::string& index, const std::string& value) const;
  [[nodiscard]] std::vector<NamespacedName> names() const;
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  // How many objects list(), by_index() and names() have given out so far; for tests that guard the cost of their
  // callers.
  [[nodiscard]] std::size_t visited() const { return visited_; }

 private:
  using Objects = std::map<NamespacedName, RestingObject>;
  struct EntryLess {
    bool operator()(const Objects::value_type* a, const Objects::value_type* b) const { return a->first < b->first; }
  };
  struct Index {
    IndexFunction function;
    std::unordered_map<std::string, std::set<const Objects::value_type*, EntryLess>> entries;
  };

  void let_rest();
  static void insert_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry);
  static void erase_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry);

  const std::size_t awake_;
  Objects objects_;
  std::map<std::string, Index> indexes_;
  std::deque<std::pair<NamespacedName, ObjectPtr>> latest_;  // what is kept parsed, if not all is; and older versions
  mutable std::size_t visited_ = 0;
};

}  // namespace skiff::api
