#include "server/handlers/parameters.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

Request with_query(std::vector<std::pair<std::string, std::string>> query) {
  Request request;
  request.query = std::move(query);
  return request;
}

}  // namespace

TEST_CASE("list options") {
  const auto query = list_query(with_query({{"limit", "500"},
                                            {"continue", "abc"},
                                            {"labelSelector", "app=web"},
                                            {"fieldSelector", "metadata.name=x"},
                                            {"timeoutSeconds", "7"},
                                            {"allowWatchBookmarks", "true"}}));
  REQUIRE(query);
  CHECK(query->params.limit == 500);
  CHECK(query->params.continue_token == "abc");
  CHECK(query->params.label_selector.to_string() == "app=web");
  CHECK_FALSE(query->params.field_selector.empty());
  CHECK(query->timeout_seconds == 7);
  CHECK(query->allow_bookmarks);
  CHECK_FALSE(query->watch);
  CHECK_FALSE(query->send_initial_events);
}

TEST_CASE("a negative limit is no limit") { CHECK(list_query(with_query({{"limit", "-3"}}))->params.limit == 0); }

TEST_CASE("list options that are refused") {
  struct Row {
    std::vector<std::pair<std::string, std::string>> query;
    int code;
    const char* message;
  };
  const Row rows[] = {
      {{{"limit", "many"}}, 400, "strconv.ParseInt: parsing \"many\": invalid syntax"},
      {{{"limit", "99999999999999999999"}},
       400,
       "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"},
      {{{"timeoutSeconds", "1s"}}, 400, "strconv.ParseInt: parsing \"1s\": invalid syntax"},
      {{{"resourceVersionMatch", "Exact"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
       "unless resourceVersion is provided"},
      {{{"resourceVersionMatch", "Exact"}, {"resourceVersion", "0"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is "
       "forbidden for resourceVersion \"0\""},
      {{{"resourceVersionMatch", "Near"}, {"resourceVersion", "5"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Near\": supported values: "
       "\"Exact\", \"NotOlderThan\", \"\""},
      {{{"resourceVersionMatch", "Exact"}, {"resourceVersion", "5"}, {"continue", "x"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
       "when continue is provided"},
      {{{"sendInitialEvents", "true"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for "
       "list"},
      {{{"watch", "1"}, {"sendInitialEvents", "true"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
       "resourceVersionMatch to NotOlderThan"},
      {{{"watch", "1"}, {"resourceVersionMatch", "NotOlderThan"}},
       422,
       "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
       "for watch unless sendInitialEvents is provided"},
  };
  for (const Row& row : rows) {
    const auto query = list_query(with_query(row.query));
    INFO(row.message);
    REQUIRE_FALSE(query);
    CHECK(query.error().code() == row.code);
    CHECK(query.error().message == row.message);
  }
  CHECK_FALSE(list_query(with_query({{"labelSelector", "a in"}})));
  CHECK_FALSE(list_query(with_query({{"fieldSelector", "a<b"}})));
}

TEST_CASE("write options") {
  SECTION("the field manager falls back to the user agent") {
    Request request = with_query({});
    request.headers.add("User-Agent", "kubectl-create/v1.32.0 (linux/amd64)");
    CHECK(create_query(request)->field_manager == "kubectl-create");
    request.query.emplace_back("fieldManager", "me");
    CHECK(create_query(request)->field_manager == "me");
  }
  SECTION("a manager's name out of a user agent has no more than it may have") {
    Request request = with_query({});
    request.headers.add("User-Agent", "a\tb" + std::string(200, 'c') + "/1.0");
    CHECK(create_query(request)->field_manager == "ab" + std::string(126, 'c'));
  }
  SECTION("dry run and field validation") {
    CHECK_FALSE(create_query(with_query({}))->dry_run);
    CHECK(create_query(with_query({{"dryRun", "All"}}))->dry_run);
    CHECK(create_query(with_query({}))->params.field_validation == FieldValidation::kWarn);
    CHECK(update_query(with_query({{"fieldValidation", "Strict"}}))->params.field_validation ==
          FieldValidation::kStrict);
    CHECK(update_query(with_query({{"fieldValidation", "Ignore"}}))->params.field_validation ==
          FieldValidation::kIgnore);
  }
}

TEST_CASE("write options that are refused") {
  struct Row {
    const char* name;
    std::string value;
    const char* message;
  };
  const Row rows[] = {
      {"dryRun", "Some",
       "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: []string{\"Some\"}: supported values: "
       "\"All\""},
      {"fieldValidation", "Loose",
       "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Loose\": supported values: "
       "\"\", \"Ignore\", \"Strict\", \"Warn\""},
      {"fieldManager", std::string(129, 'a'),
       "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes"},
      {"fieldManager", "a\nb",
       "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\nb\": should only contain "
       "printable "
       "characters"},
  };
  for (const Row& row : rows) {
    const auto query = create_query(with_query({{row.name, row.value}}));
    INFO(row.message);
    REQUIRE_FALSE(query);
    CHECK(query.error().code() == 422);
    CHECK(query.error().message == row.message);
  }
}

TEST_CASE("patch options depend on the type of the patch") {
  using api::PatchType;
  CHECK(patch_query(with_query({{"fieldManager", "me"}, {"force", "true"}}), PatchType::kApply)->force);
  const auto unnamed = patch_query(with_query({}), PatchType::kApply);
  REQUIRE_FALSE(unnamed);
  CHECK(unnamed.error().message ==
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
  const auto forced = patch_query(with_query({{"force", "true"}}), PatchType::kMerge);
  REQUIRE_FALSE(forced);
  CHECK(forced.error().message ==
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch");
}

TEST_CASE("delete options out of a query and out of a document mean the same") {
  const auto from_query = delete_query(with_query({{"gracePeriodSeconds", "0"}, {"propagationPolicy", "Foreground"}}));
  const auto from_document = delete_query_of({{"gracePeriodSeconds", 0}, {"propagationPolicy", "Foreground"}});
  for (const auto& query : {from_query, from_document}) {
    REQUIRE(query);
    CHECK(query->options.grace_period_seconds == 0);
    CHECK(query->options.propagation_policy == "Foreground");
    CHECK_FALSE(query->dry_run);
  }
}

TEST_CASE("delete options of a document") {
  const auto query = delete_query_of(
      {{"preconditions", {{"uid", "u"}, {"resourceVersion", "7"}}}, {"orphanDependents", false}, {"dryRun", {"All"}}});
  REQUIRE(query);
  CHECK(query->options.uid == "u");
  CHECK(query->options.resource_version == "7");
  CHECK(query->options.propagation_policy == "Background");
  CHECK(query->accepted_when_pending);
  CHECK(query->dry_run);
  CHECK(delete_query_of({{"orphanDependents", true}})->options.propagation_policy == "Orphan");
}

TEST_CASE("delete options that are refused") {
  struct Row {
    Json document;
    int code;
    const char* message;
  };
  const Row rows[] = {
      {{{"propagationPolicy", "Sideways"}},
       422,
       "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Sideways\": supported "
       "values: "
       "\"Foreground\", \"Background\", \"Orphan\", \"nil\""},
      {{{"propagationPolicy", "Orphan"}, {"orphanDependents", true}},
       422,
       "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and "
       "deletionPropagation cannot be both set"},
  };
  for (const Row& row : rows) {
    const auto query = delete_query_of(row.document);
    INFO(row.message);
    REQUIRE_FALSE(query);
    CHECK(query.error().code() == row.code);
    CHECK(query.error().message == row.message);
  }
}
