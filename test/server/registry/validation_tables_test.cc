#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

// Runs the tables of test/data/validation: valid objects, what is done to them, and what the API must say.
// The README there tells how to add a case.
using namespace skiff;
using namespace skiff::test;

namespace {

const std::filesystem::path kTables = std::filesystem::path(SKIFF_TEST_DATA) / "validation";

Json read_yaml(const std::filesystem::path& path) {
  std::ifstream stream(path);
  const std::string text(std::istreambuf_iterator<char>{stream}, {});
  auto parsed = parse_yaml(text);
  if (!parsed) throw std::runtime_error(path.string() + ": " + parsed.error().message);
  return std::move(parsed->value);
}

// Sentences that many messages share: ${name} in a cause stands for one.
std::string expand(std::string text) {
  static const Json sentences = read_yaml(kTables / "sentences.yaml");
  for (std::size_t start = text.find("${"); start != std::string::npos; start = text.find("${", start)) {
    const std::size_t end = text.find('}', start);
    const std::string name = text.substr(start + 2, end - start - 2);
    REQUIRE(sentences.contains(name));
    text.replace(start, end - start + 1, sentences[name].get<std::string>());
  }
  return text;
}

// A value "repeat:N:TEXT" stands for N times TEXT.
Json value_of(const Json& value) {
  if (!value.is_string()) return value;
  const std::string text = value.get<std::string>();
  if (!text.starts_with("repeat:")) return value;
  const std::size_t colon = text.find(':', 7);
  std::string repeated;
  for (int i = std::stoi(text.substr(7)); i > 0; --i) repeated += text.substr(colon + 1);
  return repeated;
}

Json changed(Json object, const Json& row) {
  for (const Json& pointer : row.value("remove", Json::array())) {
    const Json::json_pointer place(pointer.get<std::string>());
    Json& parent = object.at(place.parent_pointer());
    if (parent.is_array()) {
      parent.erase(std::stoul(place.back()));
    } else {
      REQUIRE(parent.erase(place.back()) == 1);
    }
  }
  const Json set = row.value("set", Json::object());
  for (const auto& [pointer, value] : set.items()) object[Json::json_pointer(pointer)] = value_of(value);
  return object;
}

std::string_view cause_reason(const std::string& message) {
  constexpr std::pair<std::string_view, std::string_view> kReasons[] = {
      {"Required value", "FieldValueRequired"}, {"Duplicate value", "FieldValueDuplicate"},
      {"Invalid value", "FieldValueInvalid"},   {"Unsupported value", "FieldValueNotSupported"},
      {"Forbidden", "FieldValueForbidden"},     {"Too long", "FieldValueTooLong"},
      {"Too many", "FieldValueTooMany"},        {"Not found", "FieldValueNotFound"}};
  for (const auto& [start, reason] : kReasons) {
    if (message.starts_with(start)) return reason;
  }
  return "unknown";
}

using Lines = std::vector<std::string>;

// An answer as text, a line per finding.
Lines outcome(const api::Result<Json>& result) {
  if (result) return {"valid"};
  const api::Status& status = result.error();
  const std::string code = std::to_string(status.code()) + " " + std::string(api::to_string(status.reason));
  if (status.causes.empty()) return {code, status.message};
  Lines lines = {code};
  for (const api::StatusCause& cause : status.causes) {
    lines.push_back(cause.field + ": " + cause.message);
    if (cause.reason != cause_reason(cause.message)) lines.push_back("of reason " + cause.reason);
  }
  return lines;
}

Lines expected_outcome(const Json& row) {
  if (const Json* message = find(row, {"message"})) {
    return {std::to_string(integer_at(row, {"code"})) + " " + string_at(row, {"reason"}),
            expand(message->get<std::string>())};
  }
  if (!row.contains("causes")) return {"valid"};
  Lines lines = {"422 Invalid"};
  for (const Json& cause : row["causes"]) lines.push_back(expand(cause.get<std::string>()));
  return lines;
}

// Upstream's message: the one finding, or all different ones in brackets.
std::string message_from(const Lines& lines) {
  Lines different;
  for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
    if (std::find(different.begin(), different.end(), *line) == different.end()) different.push_back(*line);
  }
  std::string joined;
  for (const std::string& line : different) joined += (joined.empty() ? "" : ", ") + line;
  return different.size() == 1 ? joined : "[" + joined + "]";
}

std::string difference(const Lines& expected, const Lines& actual) {
  std::string text;
  for (const std::string& line : expected) {
    if (std::find(actual.begin(), actual.end(), line) == actual.end()) text += "  - " + line + "\n";
  }
  for (const std::string& line : actual) {
    if (std::find(expected.begin(), expected.end(), line) == expected.end()) text += "  + " + line + "\n";
  }
  return text.empty() && expected != actual ? "  in another order or number\n" : text;
}

// One table: a kind, an object of it, an operation.
class Table {
 public:
  explicit Table(const Json& table) : table_(table) {
    const std::string api_version = string_at(table, {"object", "apiVersion"});
    const std::size_t slash = api_version.find('/');
    kind_ = cluster_.kinds.find_by_kind(slash == std::string::npos ? "" : api_version.substr(0, slash),
                                        slash == std::string::npos ? api_version : api_version.substr(slash + 1),
                                        string_at(table, {"object", "kind"}));
    REQUIRE(kind_);
    operation_ = string_at(table, {"operation"}, "create");
    object_ = table["object"];
    if (operation_ != "create") store_object();
    cluster_.context.dry_run = true;
  }

  // Cases that must fail and cases that must pass; the number of the former.
  int run_all() {
    int count = 0;
    for (const Json& row : table_.value("invalid", Json::array())) {
      REQUIRE((row.contains("causes") || row.contains("message")));
      check(row);
      ++count;
    }
    for (const Json& row : table_.value("valid", Json::array())) check(row);
    return count;
  }

 private:
  void store_object() {
    const auto record = create(object_, namespace_);
    if (!record) FAIL("the table's object is not valid: " << record.error().message);
    object_ = *record;
    object_["metadata"].erase("resourceVersion");
    name_ = api::key_of(object_);
  }

  api::Result<Json> create(Json object, std::string namespace_name) {
    if (!kind_.kind->namespaced) namespace_name.clear();
    return cluster_.document(
        kind_, run(cluster_.io, cluster_.registry.create(cluster_.context, kind_, std::move(namespace_name),
                                                         std::move(object), cluster_.params)));
  }

  api::Result<Json> update(Json object) {
    auto written = run(
        cluster_.io, cluster_.registry.update(cluster_.context, kind_, name_, operation_ == "update" ? "" : operation_,
                                              std::move(object), cluster_.params));
    if (!written) return written.error();
    return cluster_.document(kind_, written->record);
  }

  void check(const Json& row) {
    Json object = changed(object_, row);
    const auto result =
        operation_ == "create" ? create(object, string_at(row, {"namespace"}, namespace_)) : update(object);
    const Lines expected = expected_outcome(row);
    const Lines actual = outcome(result);
    const std::string what = string_at(object_, {"kind"}) + ", " + operation_ + ": " + string_at(row, {"case"});
    if (expected != actual) {
      FAIL_CHECK(what << "\n" << difference(expected, actual));
    } else if (row.contains("causes") && !result.error().message.ends_with(" is invalid: " + message_from(expected))) {
      FAIL_CHECK(what << "\n  message: " << result.error().message);
    } else {
      SUCCEED(what);
    }
  }

  Cluster cluster_;
  const Json& table_;
  server::ServedKind kind_;
  std::string operation_;
  std::string namespace_ = "default";
  Json object_;
  api::NamespacedName name_;
};

int run_file(const std::string& name) {
  int count = 0;
  const Json tables = read_yaml(kTables / name);
  for (const Json& table : tables) count += Table(table).run_all();
  return count;
}

}  // namespace

TEST_CASE("the tables of test/data/validation hold") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kTables)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".yaml") || name == "sentences.yaml") continue;
    INFO(name);
    const int cases = run_file(name);
    CHECK(cases > 0);
    count += cases;
  }
  // Fewer means that tables got lost.
  CHECK(count >= 300);
}
