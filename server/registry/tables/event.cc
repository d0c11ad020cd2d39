#include "api/base/text.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

std::string trim(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string target_cell(const Json& event) {
  const std::string kind = lower_case(string_at(event, {"involvedObject", "kind"}));
  const std::string name = string_at(event, {"involvedObject", "name"});
  return name.empty() ? kind : kind + "/" + name;
}

std::string source_cell(const Json& event) {
  std::string component = string_at(event, {"source", "component"});
  if (component.empty()) component = string_at(event, {"reportingComponent"});
  std::string host = string_at(event, {"source", "host"});
  if (host.empty()) host = string_at(event, {"reportingInstance"});
  return host.empty() ? component : component + ", " + host;
}

std::vector<Json> event_row(const Json& event, TimePoint now) {
  // Newer reporters fill eventTime and series instead of first, last and count.
  std::string first = string_at(event, {"firstTimestamp"});
  if (first.empty()) first = string_at(event, {"eventTime"});
  std::string last = string_at(event, {"lastTimestamp"});
  if (last.empty()) last = first;
  std::int64_t count = std::max<std::int64_t>(integer_at(event, {"count"}), 1);
  if (const Json* series = find(event, {"series"}); series != nullptr && series->is_object()) {
    last = string_at(*series, {"lastObservedTime"});
    count = integer_at(*series, {"count"});
  }
  return {since(last, now),
          string_at(event, {"type"}),
          string_at(event, {"reason"}),
          target_cell(event),
          string_at(event, {"involvedObject", "fieldPath"}),
          source_cell(event),
          trim(string_at(event, {"message"})),
          since(first, now),
          count,
          name_cell(event)};
}

}  // namespace

TableSpec event_table() {
  TableColumn name = name_column();
  name.priority = 1;
  return TableSpec{{column("Last Seen", "Time since it happened last."), column("Type", "Normal or Warning."),
                    column("Reason", "What happened, in one word."), column("Object", "The object it happened to."),
                    wide_column("Subobject", "Part of the object."), wide_column("Source", "Who reports it."),
                    column("Message", "What happened, in words for people."),
                    wide_column("First Seen", "Time since it happened first."),
                    wide_column("Count", "How often it has happened."), std::move(name)},
                   event_row};
}

}  // namespace skiff::server
