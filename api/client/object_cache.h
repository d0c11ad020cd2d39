#pragma once

#include "api/client.h"
#include "api/resource.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace skiff::api {

// Objects of one resource by namespace and name, with any number of named indexes, so that nobody has to scan. Not
// thread-safe.
class ObjectCache {
 public:
  // The values under which an object is found in an index.
  using IndexFunction = std::function<std::vector<std::string>(const Json& object)>;

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

 private:
  using Objects = std::map<NamespacedName, ObjectPtr>;
  struct EntryLess {
    bool operator()(const Objects::value_type* a, const Objects::value_type* b) const { return a->first < b->first; }
  };
  struct Index {
    IndexFunction function;
    std::unordered_map<std::string, std::set<const Objects::value_type*, EntryLess>> entries;
  };

  static void insert_entry(Index& index, const Objects::value_type& entry);
  static void erase_entry(Index& index, const Objects::value_type& entry);

  Objects objects_;
  std::map<std::string, Index> indexes_;
};

}  // namespace skiff::api
