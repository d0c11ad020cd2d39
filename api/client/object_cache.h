#pragma once

#include "api/client.h"
#include "api/client/resting_object.h"
#include "api/resource.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace skiff::api {

// Objects of one resource by namespace and name, with any number of named indexes, so that nobody has to scan. Of very
// many objects only those that are needed lately are kept parsed (see RestingObject): a limited number, and of these no
// longer than the owner's rounds say. Not thread-safe.
class ObjectCache {
 public:
  // The values under which an object is found in an index.
  using IndexFunction = std::function<std::vector<std::string>(const Json& object)>;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  // At most `awake` objects are kept parsed, those that were put or asked for last; with kAll all of them are, for
  // ever. Otherwise `woken` is called when there is one and there was none.
  explicit ObjectCache(
      std::size_t awake = kAll, std::function<void()> woken = [] {});

  // Also covers what is in the cache already. An index that exists under this name stays as it is.
  void add_index(const std::string& name, IndexFunction function);

  // The object that stood there before, or null.
  ObjectPtr put(ObjectPtr object);
  ObjectPtr remove(const NamespacedName& name);

  // Null when there is none.
  [[nodiscard]] ObjectPtr get(const NamespacedName& name) const;
  // In order of namespace and name. All namespaces when `namespace_` is empty. What rests goes on resting.
  [[nodiscard]] std::vector<ObjectPtr> list(const std::string& namespace_ = "") const;
  // In order of namespace and name. The index must exist.
  [[nodiscard]] std::vector<ObjectPtr> by_index(const std::string& index, const std::string& value) const;
  [[nodiscard]] std::vector<NamespacedName> names() const;
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  // How many objects are kept parsed, if not all are.
  [[nodiscard]] std::size_t awake() const { return awake_.size(); }
  // Lets objects rest that nobody has put or asked for since the last begin_round(), at most `max` of them. Whether
  // there may be more.
  bool rest_some(std::size_t max);
  void begin_round() { ++round_; }

  // How many objects list(), by_index() and names() have given out so far; for tests that guard the cost of their
  // callers.
  [[nodiscard]] std::size_t visited() const { return visited_; }

 private:
  struct Entry;
  // One that is awake.
  struct Awake {
    const Entry* entry = nullptr;
    std::uint64_t round = 0;  // in which it was last put or asked for
  };
  struct Entry {
    RestingObject object;
    mutable std::list<Awake>::iterator place;  // in awake_, while the object is awake
  };
  using Objects = std::map<NamespacedName, Entry>;
  struct EntryLess {
    bool operator()(const Objects::value_type* a, const Objects::value_type* b) const { return a->first < b->first; }
  };
  struct Index {
    IndexFunction function;
    std::unordered_map<std::string, std::set<const Objects::value_type*, EntryLess>> entries;
  };

  // The object, which others will need soon.
  ObjectPtr wake(const Entry& entry) const;
  // The object has been put or asked for.
  void touch(const Entry& entry, bool was_awake) const;
  void let_first_rest() const;
  static void insert_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry);
  static void erase_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry);

  const std::size_t max_awake_;
  const std::function<void()> woken_;
  Objects objects_;
  std::map<std::string, Index> indexes_;
  mutable std::list<Awake> awake_;  // the one that was needed last at the end; none with kAll
  std::uint64_t round_ = 0;
  mutable std::size_t visited_ = 0;
};

}  // namespace skiff::api
