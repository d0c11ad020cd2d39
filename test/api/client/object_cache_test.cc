#include "api/client/object_cache.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"

#include <catch2/catch.hpp>

#include <map>
#include <memory>

using namespace skiff;
using namespace skiff::api;

namespace {

ObjectPtr pod(const std::string& namespace_, const std::string& name, const std::string& node,
              const std::string& controller = "") {
  Json object = {{"metadata", {{"namespace", namespace_}, {"name", name}}}, {"spec", Json::object()}};
  if (!node.empty()) object["spec"]["nodeName"] = node;
  if (!controller.empty()) object["metadata"]["ownerReferences"] = {{{"uid", controller}, {"controller", true}}};
  return std::make_shared<const Json>(std::move(object));
}

std::vector<std::string> names(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> names;
  for (const ObjectPtr& object : objects) names.push_back(key_of(*object).to_string());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("ObjectCache lists by namespace and index") {
  ObjectCache cache;
  cache.put(pod("b", "x", "n1"));
  cache.add_index(kByNode, by_node);
  cache.add_index(kByController, by_controller);
  cache.put(pod("a", "y", "n1", "rs"));
  cache.put(pod("b", "w", "n2", "rs"));
  cache.put(pod("ba", "v", ""));

  CHECK(names(cache.list()) == Names{"a/y", "b/w", "b/x", "ba/v"});
  CHECK(names(cache.list("b")) == Names{"b/w", "b/x"});
  CHECK(names(cache.by_index(kByNode, "n1")) == Names{"a/y", "b/x"});
  CHECK(names(cache.by_index(kByNode, "")).empty());
  CHECK(names(cache.by_index(kByController, "rs")) == Names{"a/y", "b/w"});
  CHECK(names(cache.by_index(kByController, orphan_value("b"))) == Names{"b/x"});

  SECTION("a change moves the object in the indexes") {
    const ObjectPtr previous = cache.put(pod("b", "x", "n2", "rs"));
    CHECK(string_at(*previous, {"spec", "nodeName"}) == "n1");
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"a/y"});
    CHECK(names(cache.by_index(kByNode, "n2")) == Names{"b/w", "b/x"});
    CHECK(names(cache.by_index(kByController, orphan_value("b"))).empty());
  }
  SECTION("a removed object is in no index") {
    CHECK(cache.remove({"a", "y"}) != nullptr);
    CHECK(cache.remove({"a", "y"}) == nullptr);
    CHECK(cache.get({"a", "y"}) == nullptr);
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"b/x"});
    CHECK(cache.size() == 3);
  }
}

TEST_CASE("ObjectCache keeps only what changed lately parsed") {
  ObjectCache cache(2);
  cache.add_index(kByNode, by_node);
  std::map<std::string, std::weak_ptr<const Json>> parsed;
  for (const char* name : {"a", "b", "c", "d"}) {
    ObjectPtr object = pod("n", name, "n1");
    parsed[name] = object;
    cache.put(std::move(object));
  }
  CHECK(parsed["a"].expired());
  CHECK(parsed["b"].expired());
  CHECK(!parsed["c"].expired());
  CHECK(cache.get({"n", "c"}) == parsed["c"].lock());
  // The others are as they were.
  CHECK(*cache.get({"n", "a"}) == *pod("n", "a", "n1"));
  CHECK(names(cache.by_index(kByNode, "n1")) == Names{"n/a", "n/b", "n/c", "n/d"});

  SECTION("an object that changes moves in the indexes all the same") {
    const ObjectPtr previous = cache.put(pod("n", "a", "n2"));
    CHECK(*previous == *pod("n", "a", "n1"));
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"n/b", "n/c", "n/d"});
    CHECK(names(cache.by_index(kByNode, "n2")) == Names{"n/a"});
    CHECK(parsed["c"].expired());
  }
  SECTION("an older version does not make a newer one rest") {
    cache.put(pod("n", "d", "n2"));
    const ObjectPtr newest = pod("n", "d", "n3");
    cache.put(newest);
    CHECK(cache.get({"n", "d"}) == newest);
  }
  SECTION("one that is gone stays gone") {
    CHECK(*cache.remove({"n", "b"}) == *pod("n", "b", "n1"));
    CHECK(cache.remove({"n", "d"}) != nullptr);
    cache.put(pod("n", "e", "n1"));
    cache.put(pod("n", "f", "n1"));
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"n/a", "n/c", "n/e", "n/f"});
  }
}

TEST_CASE("ObjectCache counts what it gives out") {
  ObjectCache cache;
  cache.add_index(kByNode, by_node);
  for (const char* name : {"a", "b", "c"}) cache.put(pod("n", name, "n1"));
  CHECK(cache.visited() == 0);
  static_cast<void>(cache.get({"n", "a"}));
  CHECK(cache.visited() == 0);
  static_cast<void>(cache.by_index(kByNode, "n1"));
  CHECK(cache.visited() == 3);
  static_cast<void>(cache.list());
  CHECK(cache.visited() == 6);
}
