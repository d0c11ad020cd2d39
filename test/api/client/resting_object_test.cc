#include "api/client/resting_object.h"

#include <catch2/catch.hpp>

using namespace skiff;
using api::ObjectPtr;
using api::RestingObject;

namespace {

// Counts how often it is asked.
class CountingSource final : public api::ObjectSource {
 public:
  [[nodiscard]] ObjectPtr object() const override {
    ++asked;
    return api::make_object(Json{{"asked", asked}}, nullptr);
  }

  mutable int asked = 0;
};

}  // namespace

TEST_CASE("RestingObject without a source rests as bytes") {
  const Json document = Json::parse(R"({"metadata": {"name": "a", "labels": {}}, "spec": {"zero": 0, "negative": -5,
      "huge": 9007199254740993, "part": 0.25, "yes": true, "nothing": null, "list": [1, "x\u00e4\n", []]}})");
  auto object = std::make_shared<const Json>(document);
  RestingObject resting(object);
  CHECK(resting.is_awake());
  CHECK(resting.read() == object);

  resting.rest();
  CHECK(!resting.is_awake());
  CHECK(object.use_count() == 1);
  CHECK(*resting.read() == document);
  CHECK(!resting.is_awake());
  CHECK(resting.read()->dump() == document.dump());

  CHECK(*resting == document);
  CHECK(resting.is_awake());
  CHECK(resting.wake() == resting.read());

  resting.rest();
  resting.rest();
  resting = object;
  CHECK(resting.is_awake());
  CHECK(resting.read() == object);

  const RestingObject none;
  CHECK(none.is_none());
  CHECK(none.read() == nullptr);
  CHECK(none.wake() == nullptr);
}

TEST_CASE("RestingObject with a source keeps nothing but that") {
  const auto source = std::make_shared<const CountingSource>();
  ObjectPtr object = api::make_object(Json{{"a", 1}}, source);
  const std::weak_ptr<const Json> document = object;
  CHECK(api::source_of(object) == source);
  RestingObject resting(std::move(object));
  CHECK(*resting == Json{{"a", 1}});
  CHECK(source->asked == 0);

  resting.rest();
  CHECK(document.expired());
  CHECK(!resting.is_none());
  CHECK(*resting.read() == Json{{"asked", 1}});
  CHECK(*resting.read() == Json{{"asked", 2}});
  CHECK(!resting.is_awake());
  CHECK(*resting.wake() == Json{{"asked", 3}});
  CHECK(resting.read() == resting.wake());
  CHECK(source->asked == 3);

  // Others do not know where they came from; nor does the document that has ended.
  CHECK(api::source_of(std::make_shared<const Json>()) == nullptr);
  CHECK(api::source_of(nullptr) == nullptr);
  resting = std::make_shared<const Json>(Json{{"a", 2}});
  CHECK(source.use_count() == 1);
}
