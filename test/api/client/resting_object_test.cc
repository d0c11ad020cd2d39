#include "api/client/resting_object.h"

#include <catch2/catch.hpp>

using namespace skiff;
using api::ObjectPtr;
using api::RestingObject;

TEST_CASE("RestingObject") {
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
