#include "server/registry/object_cache.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace skiff;
using api::ObjectPtr;
using server::ObjectCache;

namespace {

store::RecordPtr record(std::string value) {
  auto made = std::make_shared<store::Record>();
  made->key = "/configmaps/default/a";
  made->value = std::move(value);
  return made;
}

}  // namespace

TEST_CASE("all who want a record's document share one, while somebody has it") {
  ObjectCache cache;
  const store::RecordPtr first = record(R"({"a":1,"metadata":{"managedFields":[],"resourceVersion":"2"}})");
  const store::RecordPtr same = record(first->value);
  ObjectPtr object = *cache.parsed(first);
  CHECK(*object == Json{{"a", 1}, {"metadata", {{"resourceVersion", "2"}}}});
  CHECK(*cache.parsed(first) == object);
  CHECK(*cache.parsed(same) != object);
  CHECK(cache.parsed(record("[]")).error().reason == api::Reason::kInternalError);
}

TEST_CASE("an object's source is its record, which goes when nobody can ask for it") {
  ObjectCache cache;
  store::RecordPtr stored = record(R"({"a":1,"metadata":{"resourceVersion":"2"}})");
  const std::weak_ptr<const store::Record> kept = stored;
  ObjectPtr object = *cache.parsed(stored);
  const std::weak_ptr<const Json> document = object;
  api::ObjectSourcePtr source = api::source_of(object);
  REQUIRE(source);
  CHECK(source->object() == object);
  // The others find it, too.
  object.reset();
  CHECK(document.expired());
  object = source->object();
  CHECK(*cache.parsed(stored) == object);
  CHECK(api::source_of(object) == source);

  stored.reset();
  object.reset();
  CHECK(!kept.expired());
  source.reset();
  CHECK(kept.expired());
}

TEST_CASE("a document that is remembered weakly does not keep its record") {
  ObjectCache cache;
  store::RecordPtr stored = record(R"({"a":1})");
  const std::weak_ptr<const store::Record> kept = stored;
  const std::weak_ptr<const Json> document = *cache.parsed(stored);
  stored.reset();
  CHECK(document.expired());
  CHECK(kept.expired());
}

// The bytes here say something else than the writer, which shows whose word was taken.
TEST_CASE("what its writer has at hand is not parsed by those who follow") {
  ObjectCache cache;
  cache.follow("/configmaps/");
  const Json written = {{"metadata", {{"name", "a"}}}, {"data", "written"}};
  const store::RecordPtr stored = record(R"({"metadata":{"name":"a"},"data":"parsed"})");
  cache.put(stored, written);

  const Json expected = {{"metadata", {{"name", "a"}, {"resourceVersion", "0"}}}, {"data", "written"}};
  CHECK(*cache.copy(stored) == expected);
  CHECK(**cache.parsed(stored) == expected);
  ObjectPtr object = *cache.take(stored);
  CHECK(*object == expected);
  CHECK(*cache.parsed(stored) == object);
  CHECK(*cache.copy(stored) == expected);
  // It has waited for the first that takes it, and no longer.
  object.reset();
  CHECK((**cache.take(stored))["data"] == "parsed");
  CHECK((*cache.copy(stored))["data"] == "parsed");
}

TEST_CASE("what waits for those who follow is limited") {
  ObjectCache cache;
  const Json written = {{"metadata", {{"name", "a"}}}, {"data", "written"}};
  const auto waits = [&](const store::RecordPtr& stored) { return (**cache.parsed(stored))["data"] == "written"; };

  const store::RecordPtr not_followed = record(R"({"data":"parsed"})");
  cache.put(not_followed, written);
  CHECK_FALSE(waits(not_followed));

  cache.follow("/configmaps/");
  const store::RecordPtr large = record(to_json_text(Json{{"data", std::string(ObjectCache::kMaxFreshBytes, 'x')}}));
  cache.put(large, written);
  CHECK_FALSE(waits(large));

  std::vector<store::RecordPtr> many;
  for (std::size_t i = 0; i <= ObjectCache::kMaxFresh; ++i) {
    many.push_back(record(R"({"data":"parsed"})"));
    cache.put(many.back(), written);
  }
  CHECK_FALSE(waits(many.front()));
  CHECK(waits(many[1]));
  CHECK(waits(many.back()));
}
