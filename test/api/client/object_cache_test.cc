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

TEST_CASE("ObjectCache keeps only what was needed last parsed") {
  int woken = 0;
  ObjectCache cache(2, [&] { ++woken; });
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
  CHECK(cache.awake() == 2);
  CHECK(woken == 1);
  // The others are as they were, and going over all of them wakes none.
  CHECK(names(cache.list()) == Names{"n/a", "n/b", "n/c", "n/d"});
  CHECK(*cache.list().front() == *pod("n", "a", "n1"));
  CHECK(!parsed["c"].expired());

  SECTION("an object that changes moves in the indexes all the same") {
    const ObjectPtr previous = cache.put(pod("n", "a", "n2"));
    CHECK(*previous == *pod("n", "a", "n1"));
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"n/b", "n/c", "n/d"});
    CHECK(names(cache.by_index(kByNode, "n2")) == Names{"n/a"});
    CHECK(parsed["c"].expired());
  }
  SECTION("one that is asked for is kept, and the other rests") {
    CHECK(cache.get({"n", "c"}) == parsed["c"].lock());
    const std::weak_ptr<const Json> a = cache.get({"n", "a"});
    CHECK(!a.expired());
    CHECK(!parsed["c"].expired());
    CHECK(parsed["d"].expired());
    CHECK(cache.get({"n", "a"}) == a.lock());
  }
  SECTION("an older version is not kept") {
    cache.put(pod("n", "d", "n2"));
    CHECK(parsed["d"].expired());
    const ObjectPtr newest = pod("n", "d", "n3");
    cache.put(newest);
    CHECK(cache.get({"n", "d"}) == newest);
    CHECK(cache.awake() == 2);
  }
  SECTION("one that is gone stays gone") {
    CHECK(*cache.remove({"n", "b"}) == *pod("n", "b", "n1"));
    CHECK(cache.remove({"n", "d"}) != nullptr);
    CHECK(cache.awake() == 1);
    cache.put(pod("n", "e", "n1"));
    cache.put(pod("n", "f", "n1"));
    CHECK(names(cache.by_index(kByNode, "n1")) == Names{"n/a", "n/c", "n/e", "n/f"});
  }
}

TEST_CASE("ObjectCache lets rest what was not needed for a round, some at a time") {
  int woken = 0;
  ObjectCache cache(10, [&] { ++woken; });
  for (const char* name : {"a", "b", "c", "d"}) cache.put(pod("n", name, "n1"));
  CHECK_FALSE(cache.rest_some(10));
  CHECK(cache.awake() == 4);  // in their first round

  cache.begin_round();
  const ObjectPtr b = cache.get({"n", "b"});
  CHECK(cache.rest_some(1));
  CHECK(cache.awake() == 3);
  CHECK(cache.rest_some(1));
  CHECK_FALSE(cache.rest_some(1));
  CHECK(cache.awake() == 1);
  CHECK(cache.get({"n", "b"}) == b);
  CHECK(woken == 1);

  cache.begin_round();
  CHECK_FALSE(cache.rest_some(10));
  CHECK(cache.awake() == 0);
  CHECK(names(cache.list()) == Names{"n/a", "n/b", "n/c", "n/d"});
  CHECK(cache.awake() == 0);
  CHECK(woken == 1);
  CHECK(*cache.get({"n", "b"}) == *b);
  CHECK(woken == 2);
  cache.begin_round();
  CHECK_FALSE(cache.rest_some(10));
  CHECK(cache.awake() == 0);
}

TEST_CASE("ObjectCache without a limit lets nothing rest") {
  ObjectCache cache;
  const ObjectPtr a = pod("n", "a", "n1");
  cache.put(a);
  cache.begin_round();
  CHECK_FALSE(cache.rest_some(10));
  CHECK(cache.get({"n", "a"}) == a);
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
