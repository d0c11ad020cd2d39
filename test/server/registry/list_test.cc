#include "api/base/ids.h"
#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::Reason;
using server::ListPage;
using server::ListParams;

namespace {

std::string names(const ListPage& page) {
  std::string text;
  for (const store::RecordPtr& record : page.records) text += api::name_of(Json::parse(record->value)) + " ";
  return text;
}

// A continue token of this text.
std::string token(const std::string& text) {
  std::string encoded = base64_encode(text);
  return encoded.substr(0, encoded.find('='));
}

// Config maps "c0".."c<count-1>", labelled odd and even.
void fill(Cluster& cluster, int count) {
  for (int i = 0; i < count; ++i) {
    Json object = config_map("c" + std::to_string(i));
    object["metadata"]["labels"] = {{"parity", i % 2 == 0 ? "even" : "odd"}};
    REQUIRE(cluster.create(api::kConfigMaps, object));
  }
}

}  // namespace

TEST_CASE("pages of a list show one state, whatever is written meanwhile") {
  Cluster cluster;
  fill(cluster, 5);
  const server::ServedKind kind = cluster.kind(api::kConfigMaps);
  ListParams params;
  params.limit = 2;
  const auto first = cluster.registry.list(kind, "default", params);
  REQUIRE(first);
  CHECK(names(*first) == "c0 c1 ");
  CHECK(first->remaining_item_count == 3);

  REQUIRE(cluster.remove(api::kConfigMaps, "c3"));
  REQUIRE(cluster.create(api::kConfigMaps, config_map("c22")));
  params.continue_token = first->continue_token;
  const auto second = cluster.registry.list(kind, "default", params);
  REQUIRE(second);
  CHECK(names(*second) == "c2 c3 ");
  CHECK(second->resource_version == first->resource_version);
  params.continue_token = second->continue_token;
  const auto third = cluster.registry.list(kind, "default", params);
  REQUIRE(third);
  CHECK(names(*third) == "c4 ");
  CHECK(third->continue_token.empty());
  CHECK_FALSE(third->remaining_item_count);

  SECTION("a token that is too old comes with a fresh one") {
    REQUIRE(cluster.store->compact(cluster.store->revision()));
    params.continue_token = first->continue_token;
    const auto expired = cluster.registry.list(kind, "default", params);
    REQUIRE_FALSE(expired);
    CHECK(expired.error().reason == Reason::kExpired);
    CHECK(expired.error().message.starts_with("The provided continue parameter is too old"));
    params.continue_token = expired.error().continue_token;
    const auto rest = cluster.registry.list(kind, "default", params);
    REQUIRE(rest);
    CHECK(names(*rest) == "c2 c22 ");
  }
  SECTION("a token that is none is refused") {
    struct Row {
      std::string token;
      const char* why;
    };
    const Row rows[] = {
        {"ab!d", "illegal base64 data at input byte 2"},
        {"e30", "server does not recognize this encoded version \"\""},
        {token(R"({"v":"meta.k8s.io/v1","start":"a"})"),
         "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
        {token(R"({"v":"meta.k8s.io/v1","rv":2})"), "encoded start key empty (version meta.k8s.io/v1)"},
    };
    for (const Row& row : rows) {
      INFO(row.why);
      params.continue_token = row.token;
      const auto refused = cluster.registry.list(kind, "default", params);
      CHECK(message_of(refused) == "invalid continue token: continue key is not valid: " + std::string(row.why));
      CHECK(refused.error().reason == Reason::kBadRequest);
    }
  }
  SECTION("a token from the future, of a store that was lost since") {
    params.continue_token = token(R"({"v":"meta.k8s.io/v1","rv":999,"start":"a"})");
    CHECK(message_of(cluster.registry.list(kind, "default", params))
              .starts_with("Timeout: Too large resource version: 999, current: "));
  }
  SECTION("a token knows its revision, so none may be named beside it") {
    params.continue_token = first->continue_token;
    params.resource_version = first->resource_version;
    CHECK(message_of(cluster.registry.list(kind, "default", params)) ==
          "specifying resource version is not allowed when using continue");
  }
}

TEST_CASE("a limit counts what the selector lets through") {
  Cluster cluster;
  fill(cluster, 7);
  ListParams params;
  params.label_selector = *api::LabelSelector::parse("parity=odd");
  params.limit = 2;
  const server::ServedKind kind = cluster.kind(api::kConfigMaps);
  const auto first = cluster.registry.list(kind, "default", params);
  REQUIRE(first);
  CHECK(names(*first) == "c1 c3 ");
  CHECK_FALSE(first->remaining_item_count);
  params.continue_token = first->continue_token;
  const auto second = cluster.registry.list(kind, "default", params);
  REQUIRE(second);
  CHECK(names(*second) == "c5 ");
  CHECK(second->continue_token.empty());
}

TEST_CASE("resourceVersion says which state a list shows") {
  Cluster cluster;
  fill(cluster, 2);
  const server::ServedKind kind = cluster.kind(api::kConfigMaps);
  const std::string then = std::to_string(cluster.store->revision());
  REQUIRE(cluster.create(api::kConfigMaps, config_map("later")));
  ListParams params;
  auto listed = [&] { return cluster.registry.list(kind, "default", params); };

  SECTION("unset and 0 are the newest") {
    CHECK(names(*listed()) == "c0 c1 later ");
    params.resource_version = "0";
    CHECK(names(*listed()) == "c0 c1 later ");
  }
  SECTION("exact") {
    params.resource_version = then;
    params.version_match = server::VersionMatch::kExact;
    CHECK(names(*listed()) == "c0 c1 ");
    CHECK(listed()->resource_version == then);
    REQUIRE(cluster.store->compact(cluster.store->revision()));
    CHECK(listed().error().reason == Reason::kExpired);
  }
  SECTION("not older than") {
    params.resource_version = then;
    CHECK(names(*listed()) == "c0 c1 later ");
  }
  SECTION("the future") {
    params.resource_version = "999999";
    const auto failed = listed();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code() == 504);
    CHECK(failed.error().message ==
          "Timeout: Too large resource version: 999999, current: " + std::to_string(cluster.store->revision()));
    CHECK(failed.error().causes[0].reason == "ResourceVersionTooLarge");
  }
  SECTION("no number") {
    params.resource_version = "abc";
    CHECK(listed().error().reason == Reason::kBadRequest);
  }
  SECTION("a limit alone asks for exactly that state, as it always has") {
    params.resource_version = then;
    params.limit = 5;
    CHECK(names(*listed()) == "c0 c1 ");
    params.version_match = server::VersionMatch::kNotOlderThan;
    CHECK(names(*listed()) == "c0 c1 later ");
  }
}

TEST_CASE("field selectors know the fields of their kind") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPods, pod("one")));
  REQUIRE(cluster.create(api::kPods, pod("two")));
  const Json binding{{"metadata", {{"name", "two"}}}, {"target", {{"name", "n1"}}}};
  const api::NamespacedName two{"default", "two"};
  REQUIRE(run(cluster.io, cluster.registry.bind(cluster.context, two, binding)));

  struct Row {
    const char* selector;
    const char* expected;
  };
  const Row rows[] = {{"spec.nodeName=n1", "two "},
                      {"spec.nodeName=", "one "},
                      {"spec.nodeName!=n1", "one "},
                      {"metadata.name=one", "one "},
                      {"metadata.namespace=default,status.phase=Pending", "one two "},
                      {"status.phase=Running", ""},
                      {"spec.restartPolicy=Always,spec.hostNetwork=false", "one two "},
                      {"spec.serviceAccountName=default", "one two "}};
  for (const Row& row : rows) {
    INFO(row.selector);
    ListParams params;
    params.field_selector = *api::FieldSelector::parse(row.selector);
    const auto page = cluster.registry.list(cluster.kind(api::kPods), "", params);
    REQUIRE(page);
    CHECK(names(*page) == row.expected);
  }
  SECTION("a name is looked up, not searched for, and still must match the rest") {
    ListParams params;
    params.field_selector = *api::FieldSelector::parse("metadata.name=one,spec.nodeName=n1");
    CHECK(names(*cluster.registry.list(cluster.kind(api::kPods), "default", params)).empty());
    params.field_selector = *api::FieldSelector::parse("metadata.name=on");
    CHECK(names(*cluster.registry.list(cluster.kind(api::kPods), "default", params)).empty());
    params.field_selector = *api::FieldSelector::parse("metadata.name=one");
    params.limit = 1;
    const auto page = cluster.registry.list(cluster.kind(api::kPods), "default", params);
    CHECK(names(*page) == "one ");
    CHECK(page->continue_token.empty());
  }
  ListParams params;
  params.field_selector = *api::FieldSelector::parse("spec.foo=bar");
  CHECK(message_of(cluster.registry.list(cluster.kind(api::kPods), "", params)) ==
        "field label not supported: spec.foo");
  CHECK(message_of(cluster.registry.list(cluster.kind(api::kConfigMaps), "", params)) ==
        R"("spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace")");
}
