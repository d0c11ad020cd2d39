#include "server/controllers/template_hash.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;

TEST_CASE("template_hash") {
  const Json pod_template = {{"metadata", {{"labels", {{"app", "web"}}}}},
                             {"spec", {{"volumes", {{{"name", "v"}, {"emptyDir", Json::object()}}}}}}};
  const std::string hash = template_hash(pod_template, 0);

  SECTION("never changes between versions of skiff: names on disk hang on it") { CHECK(hash == "854bd4f6c"); }
  SECTION("uses the safe alphabet") {
    CHECK(hash.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
  }
  SECTION("does not depend on what says nothing") {
    Json same = pod_template;
    same["metadata"]["labels"][kTemplateHashLabel] = "abc";
    same["metadata"]["creationTimestamp"] = nullptr;
    same["metadata"]["annotations"] = Json::object();
    CHECK(template_hash(same, 0) == hash);
    CHECK(comparable_template(same) == comparable_template(pod_template));
  }
  SECTION("depends on the rest") {
    Json other = pod_template;
    other["spec"]["volumes"][0].erase("emptyDir");
    CHECK(template_hash(other, 0) != hash);
    CHECK(template_hash(pod_template, 1) != hash);
  }
}
