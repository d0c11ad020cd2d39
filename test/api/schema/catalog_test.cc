#include "api/schema/schema.h"
#include "api/schemas/schemas.h"

#include <catch2/catch.hpp>

#include <chrono>

using namespace skiff::api::schema;
using skiff::Json;

namespace {

// A text with its package line in front; line numbers in errors count from there.
skiff::Result<std::unique_ptr<const Catalog>> parse(std::string_view declarations) {
  const std::string text = "package p\n" + std::string(declarations);
  const std::array<Catalog::Source, 1> sources = {{{"x.schema", text}}};
  return Catalog::parse(sources);
}

}  // namespace

TEST_CASE("the built-in schemas parse") {
  const auto catalog = Catalog::parse(skiff::api::schemas::texts());
  INFO((catalog ? "" : catalog.error().message));
  REQUIRE(catalog);
  const Struct* pod = (*catalog)->find_kind("", "v1", "Pod");
  REQUIRE(pod != nullptr);
  CHECK(pod == (*catalog)->find("io.k8s.api.core.v1.Pod"));
  CHECK(pod->find("apiVersion") != nullptr);
  CHECK(pod->find("nothing") == nullptr);
  CHECK((*catalog)->find_kind("apps", "v1", "Deployment") != nullptr);
  CHECK((*catalog)->find_kind("apps", "v1", "Pod") == nullptr);
  CHECK((*catalog)->all().size() > 100);
}

// `kubectl explain` shows both, one below the other.
TEST_CASE("a field says something else than its type") {
  const auto catalog = Catalog::builtin();
  for (const Struct* structure : catalog->all()) {
    for (const Field& field : structure->fields) {
      const Type* type = &field.type;
      while (type->element != nullptr) type = type->element;
      INFO(structure->full_name << "." << field.name);
      if (type->structure != nullptr) CHECK(field.description != type->structure->description);
    }
  }
}

TEST_CASE("every attribute of a field is read") {
  const auto catalog = parse(R"(import q  # another package
type Item "An \"item\"."
  key    string!  "Key."

kind Thing g/v2 "A thing."   # comment
  count   int32! min(-1) max(65535)        "Count."
  mode    string = "a b" enum(|A|B) keep   "Mode."
  name    string minlen(2) maxlen(3) format(dns1123-label) immutable "Name."
  items   []Item map(key) unique merge(key) retainKeys  "Items."
  tags    []string set merge               "Tags."
  labels  {}string atomic                  "Labels."
  nested  {}[]Item                         "Nested."
  flag    bool omitzero = true             "Flag."
  when    time always                      "When."
  spec    Item always                      "Spec."
  data    object = {"a": [1,"x y"]}        "Data."
)");
  INFO((catalog ? "" : catalog.error().message));
  REQUIRE(catalog);
  const Struct* thing = (*catalog)->find_kind("g", "v2", "Thing");
  REQUIRE(thing != nullptr);
  CHECK(thing->full_name == "p.Thing");
  CHECK((*catalog)->find("p.Item")->description == "An \"item\".");

  const Field& count = *thing->find("count");
  CHECK(count.required);
  CHECK(count.type.kind == TypeKind::kInt32);
  CHECK(count.minimum == -1);
  CHECK(count.maximum == 65535);
  const Field& mode = *thing->find("mode");
  CHECK(mode.enum_values == std::vector<std::string>{"", "A", "B"});
  CHECK(mode.default_value == Json("a b"));
  CHECK(mode.keep_empty);
  const Field& name = *thing->find("name");
  CHECK(name.min_length == 2u);
  CHECK(name.max_length == 3u);
  CHECK(name.format == "dns1123-label");
  CHECK(name.immutable);
  const Field& items = *thing->find("items");
  CHECK(items.list_type == ListType::kMap);
  CHECK(items.list_map_keys == std::vector<std::string>{"key"});
  CHECK(items.unique);
  CHECK(items.patch_merge);
  CHECK(items.patch_merge_key == "key");
  CHECK(items.patch_retain_keys);
  CHECK(items.type.element->structure == (*catalog)->find("p.Item"));
  CHECK(thing->find("tags")->list_type == ListType::kSet);
  CHECK(thing->find("tags")->patch_merge);
  CHECK(thing->find("labels")->atomic);
  CHECK(thing->find("nested")->type.element->element->structure->name == "Item");
  CHECK(thing->find("flag")->omit_zero);
  CHECK(thing->find("flag")->default_value == Json(true));
  CHECK(thing->find("when")->default_value == Json(nullptr));
  CHECK(thing->find("when")->always_present);
  CHECK(thing->find("spec")->default_value == Json::object());
  CHECK(thing->find("data")->default_value == Json::parse(R"({"a":[1,"x y"]})"));
}

TEST_CASE("a kind `as` another has its fields under a name of its own") {
  const auto catalog = parse("kind A g/v1 \"A.\"\n  x  string  \"X.\"\nkind A2 g/v0 as p.A \"Older.\"\n");
  REQUIRE(catalog);
  const Struct* alias = (*catalog)->find_kind("g", "v0", "A2");
  REQUIRE(alias != nullptr);
  CHECK(alias->full_name == "p.A2");
  CHECK(alias->find("x") != nullptr);
  CHECK(alias->fields.size() == 3);
}

TEST_CASE("a wrong schema is refused with its file and line") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(
      Row{"type A \"a\"\n  x  Nope  \"x\"\n", "x.schema:3: unknown type \"Nope\""},
      Row{"type A\n", "x.schema:2: expected a description in quotes at the end of the line"},
      Row{"type A \"a\n", "x.schema:2: expected a description in quotes at the end of the line"},
      Row{"type A \"a\" b\n", "x.schema:2: expected a description in quotes at the end of the line"},
      Row{"tpye A \"a\"\n", "x.schema:2: expected package, import, type or kind, found \"tpye A \"a\"\""},
      Row{"  x  string \"x\"\n", "x.schema:2: a field outside of a type"},
      Row{"type A \"a\"\n x string \"x\"\n", "x.schema:3: fields are indented by two spaces, declarations not at all"},
      Row{"type A \"a\"\n  x  string big \"x\"\n", "x.schema:3: not an attribute: \"big\""},
      Row{"type A \"a\"\n  x  int32 min(a) \"x\"\n", "x.schema:3: not an attribute: \"min\""},
      Row{"type A \"a\"\n  x  int32 = {oops \"x\"\n", "x.schema:3: the default is not JSON"},
      Row{"type A \"a\"\n  x  string format(f) \"x\"\n", "x.schema:3: unknown format \"f\""},
      Row{"type A \"a\"\n  x  string\n", "x.schema:3: expected an attribute or a description in quotes, found"},
      Row{"type A \"a\"\n  x  string \"x\"\n  x  string \"x\"\n", "x.schema:4: declared twice: \"x\""},
      Row{"type A \"a\"\ntype A \"a\"\n", "x.schema:3: declared twice: \"A\""},
      Row{"type A \"a\"\n  x  []string merge(k) \"x\"\n", "x.schema:3: not a field of the list's elements: \"k\""},
      Row{"kind A v1 as q.B \"a\"\n", "x.schema:2: unknown type \"q.B\""},
      Row{"package q\n", "x.schema:2: a file has one package"});
  INFO(row.text);
  const auto catalog = parse(row.text);
  REQUIRE_FALSE(catalog);
  CHECK(catalog.error().message == row.message);
}

TEST_CASE("parsing the built-in schemas", "[.][bench]") {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) static_cast<void>(Catalog::builtin());
  const auto each = (std::chrono::steady_clock::now() - start) / 100;
  WARN("one parse takes " << std::chrono::duration_cast<std::chrono::microseconds>(each).count() << " us");
}
