#include "api/views/index_set.h"

#include "api/base/json.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace skiff::api {

namespace {

std::vector<std::string_view> pieces_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> parse_index(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string quoted(std::string_view text) { return to_json_text(Json(std::string(text))); }

std::string not_increasing(std::int64_t previous, std::int64_t current) {
  return "non-increasing order, previous: " + std::to_string(previous) + ", current: " + std::to_string(current);
}

// A bound of an interval, or what is wrong with it.
std::optional<std::int64_t> parse_bound(std::string_view text, std::int64_t completions, std::string& problem) {
  const auto bound = parse_index(text);
  if (!bound) {
    problem = "cannot convert string to integer for index: " + quoted(text);
  } else if (*bound >= completions) {
    problem = "too large index: " + quoted(text);
  } else {
    return bound;
  }
  return std::nullopt;
}

}  // namespace

IndexSet IndexSet::parse(std::string_view text, std::int64_t completions) {
  IndexSet set;
  if (text.empty()) return set;
  for (const std::string_view part : pieces_of(text, ',')) {
    const std::vector<std::string_view> bounds = pieces_of(part, '-');
    const auto first = parse_index(bounds.front());
    const auto last = bounds.size() > 1 ? parse_index(bounds[1]) : first;
    if (!first || !last || *first >= completions || *last < *first) continue;
    set.insert(Interval{*first, std::min(*last, completions - 1)});
  }
  return set;
}

void IndexSet::insert(const IndexSet& other) {
  for (const Interval& interval : other.intervals_) insert(interval);
}

// Swallows those that it overlaps or touches.
void IndexSet::insert(Interval added) {
  auto from = std::find_if(intervals_.begin(), intervals_.end(),
                           [&](const Interval& each) { return each.last + 1 >= added.first; });
  auto to = from;
  for (; to != intervals_.end() && to->first <= added.last + 1; ++to) {
    added.first = std::min(added.first, to->first);
    added.last = std::max(added.last, to->last);
  }
  intervals_.insert(intervals_.erase(from, to), added);
}

bool IndexSet::contains(std::int64_t index) const {
  return std::any_of(intervals_.begin(), intervals_.end(),
                     [index](const Interval& each) { return each.first <= index && index <= each.last; });
}

std::int64_t IndexSet::size() const {
  std::int64_t size = 0;
  for (const Interval& each : intervals_) size += each.last - each.first + 1;
  return size;
}

std::int64_t IndexSet::size_of_common(const IndexSet& other) const {
  std::int64_t size = 0;
  for (const Interval& mine : intervals_) {
    for (const Interval& theirs : other.intervals_) {
      const std::int64_t first = std::max(mine.first, theirs.first);
      const std::int64_t last = std::min(mine.last, theirs.last);
      size += std::max<std::int64_t>(0, last - first + 1);
    }
  }
  return size;
}

std::vector<std::int64_t> IndexSet::first_missing(std::int64_t count, std::int64_t completions) const {
  std::vector<std::int64_t> missing;
  std::int64_t candidate = 0;
  const auto take_until = [&](std::int64_t end) {
    for (; candidate < end && static_cast<std::int64_t>(missing.size()) < count; ++candidate) {
      missing.push_back(candidate);
    }
  };
  for (const Interval& each : intervals_) {
    take_until(std::min(each.first, completions));
    candidate = std::max(candidate, each.last + 1);
  }
  take_until(completions);
  return missing;
}

std::string IndexSet::to_string() const {
  std::string text;
  for (const Interval& each : intervals_) {
    text += (text.empty() ? "" : ",") + std::to_string(each.first);
    if (each.last == each.first) continue;
    text += (each.last == each.first + 1 ? "," : "-") + std::to_string(each.last);
  }
  return text;
}

IndexSetCheck check_index_set(std::string_view text, std::int64_t completions) {
  IndexSetCheck check;
  if (text.empty()) return check;
  std::optional<std::int64_t> previous;
  for (const std::string_view part : pieces_of(text, ',')) {
    const std::vector<std::string_view> bounds = pieces_of(part, '-');
    if (bounds.size() > 2) {
      check.problem = "the fragment " + quoted(part) +
                      " violates the requirement that an index interval can have at most two parts separated by '-'";
      return check;
    }
    const auto first = parse_bound(bounds.front(), completions, check.problem);
    if (!first) return check;
    const auto last = bounds.size() > 1 ? parse_bound(bounds[1], completions, check.problem) : first;
    if (!last) return check;
    if (bounds.size() > 1 && *first >= *last) check.problem = not_increasing(*first, *last);
    if (check.problem.empty() && previous && *previous >= *first) check.problem = not_increasing(*previous, *first);
    if (!check.problem.empty()) return check;
    check.size += *last - *first + 1;
    previous = last;
  }
  return check;
}

}  // namespace skiff::api
