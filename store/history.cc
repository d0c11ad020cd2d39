#include "store/history.h"

#include "api/base/check.h"

#include <algorithm>

namespace skiff::store {
namespace {

// What a record costs in memory and on disk, roughly: its bytes and the bookkeeping around them.
std::size_t cost_of(const Record& record) {
  constexpr std::size_t kOverhead = 160;
  return record.key.size() + record.value.size() + kOverhead;
}

// What an event keeps alive beyond the live records.
std::size_t cost_of(const Event& event) { return event.previous ? cost_of(*event.previous) : sizeof(Event); }

auto first_after(const std::deque<EventPtr>& events, Revision revision) {
  return std::upper_bound(events.begin(), events.end(), revision,
                          [](Revision wanted, const EventPtr& event) { return wanted < event->record->mod_revision; });
}

// Nothing when the record is null or lacks the attribute.
std::optional<std::string_view> value_of(const RecordPtr& record, std::string_view attribute) {
  if (!record) return std::nullopt;
  return record->attributes.find(attribute);
}

bool has(const RecordPtr& record, const Attribute& attribute) {
  return value_of(record, attribute.first) == attribute.second;
}

// No key has a zero in it.
std::string part_name(std::string_view collection, std::string_view attribute, std::string_view value) {
  std::string name(collection);
  name += '\0';
  name += attribute;
  name += '\0';
  name += value;
  return name;
}

bool is_collection(std::string_view part_name) { return part_name.find('\0') == std::string_view::npos; }

void add_index_parts(const Event& event, std::string_view collection, const std::string& attribute,
                     std::vector<History::PartOfEvent>& parts) {
  const auto after = event.type == Event::Type::kPut ? value_of(event.record, attribute) : std::nullopt;
  const auto before = value_of(event.previous, attribute);
  if (after) parts.push_back({part_name(collection, attribute, *after), true});
  if (before && before != after) parts.push_back({part_name(collection, attribute, *before), false});
}

}  // namespace

std::string_view History::collection_of(std::string_view key) {
  const auto end = key.find('/', 1);
  return end == std::string_view::npos ? key : key.substr(0, end + 1);
}

std::vector<History::PartOfEvent> History::parts_of(const Event& event) const {
  const std::string collection(collection_of(event.record->key));
  std::vector<PartOfEvent> parts{{collection, event.type == Event::Type::kPut}};
  const auto indexes = indexes_.find(collection);
  if (indexes == indexes_.end()) return parts;
  for (const std::string& attribute : indexes->second) add_index_parts(event, collection, attribute, parts);
  return parts;
}

std::string History::part_of(const Scope& scope) const {
  std::string collection(collection_of(scope.path));
  if (!scope.attribute) return collection;
  const auto indexes = indexes_.find(collection);
  CHECK_INVARIANT(indexes != indexes_.end() &&
                  std::count(indexes->second.begin(), indexes->second.end(), scope.attribute->first) > 0);
  return part_name(collection, scope.attribute->first, scope.attribute->second);
}

void History::index(const std::string& collection, const std::string& attribute) {
  std::vector<std::string>& attributes = indexes_[collection];
  if (std::find(attributes.begin(), attributes.end(), attribute) != attributes.end()) return;
  attributes.push_back(attribute);
  const Part* whole = find_part(collection);
  if (whole == nullptr) return;
  const auto part_for = [&](const std::string& name) -> Part& {
    return parts_.try_emplace(name, Part{{}, {}, whole->compacted}).first->second;
  };
  // Pointers to parts stay good while others are added.
  for (const RecordPtr& record : whole->records) {
    if (const auto value = value_of(record, attribute)) {
      part_for(part_name(collection, attribute, *value)).records.put(record);
    }
  }
  for (const EventPtr& event : whole->events) {
    std::vector<PartOfEvent> parts;
    add_index_parts(*event, collection, attribute, parts);
    for (const PartOfEvent& part : parts) part_for(part.name).events.push_back(event);
  }
}

void History::restore(RecordPtr record) {
  live_bytes_ += cost_of(*record);
  Part& part = parts_[std::string(collection_of(record->key))];
  if (const RecordPtr before = part.records.put(std::move(record))) live_bytes_ -= cost_of(*before);
}

void History::apply(EventPtr event) {
  const Record& record = *event->record;
  CHECK_INVARIANT(record.mod_revision == revision_ + 1);
  revision_ = record.mod_revision;
  for (const PartOfEvent& place : parts_of(*event)) {
    // A part that is made anew may be one that was emptied and dropped, with events that are forgotten by now.
    Part& part = parts_.try_emplace(place.name, Part{{}, {}, compacted_}).first->second;
    if (place.holds_record) {
      part.records.put(event->record);
    } else {
      part.records.erase(record.key);
    }
    part.events.push_back(event);
  }
  if (event->type == Event::Type::kPut) live_bytes_ += cost_of(record);
  if (event->previous) live_bytes_ -= cost_of(*event->previous);
  history_bytes_ += cost_of(*event);
  events_.push_back(std::move(event));
}

void History::compact(Revision revision, const Forget& forget) {
  while (!events_.empty() && events_.front()->record->mod_revision <= revision) {
    const Event& event = *events_.front();
    if (event.previous) forget(event.previous->key, event.previous->mod_revision);
    if (event.type == Event::Type::kDelete) forget(event.record->key, event.record->mod_revision);
    history_bytes_ -= cost_of(event);
    for (const PartOfEvent& place : parts_of(event)) {
      const auto part = parts_.find(place.name);
      part->second.compacted = event.record->mod_revision;
      part->second.events.pop_front();
      if (part->second.events.empty() && part->second.records.empty()) parts_.erase(part);
    }
    events_.pop_front();
  }
  compacted_ = std::max(compacted_, revision);
}

const History::Part* History::find_part(const std::string& name) const {
  const auto found = parts_.find(name);
  return found == parts_.end() ? nullptr : &found->second;
}

RecordPtr History::get(std::string_view key) const {
  const Part* part = find_part(std::string(collection_of(key)));
  return part == nullptr ? nullptr : part->records.find(key);
}

std::size_t History::count(std::string_view directory) const {
  const Part* part = find_part(std::string(collection_of(directory)));
  if (part == nullptr) return 0;
  const auto [first, last] = part->records.below(directory);
  return part->records.distance(first, last);
}

void History::for_each(const std::function<void(const RecordPtr&)>& each) const {
  for (const auto& [name, part] : parts_) {
    // The others hold some of these again.
    if (!is_collection(name)) continue;
    for (const RecordPtr& record : part.records) each(record);
  }
}

History::Undone History::undo(const Part& part, const Scope& scope, Revision revision) const {
  Undone undone;
  std::size_t visited = 0;
  // Newest first, so that the oldest event after `revision` has the last word.
  for (auto event = part.events.rbegin(); event != part.events.rend(); ++event) {
    const Record& record = *(*event)->record;
    if (record.mod_revision <= revision) break;
    ++visited;
    if (!scope.covers(record.key)) continue;
    const RecordPtr& previous = (*event)->previous;
    undone[record.key] = !scope.attribute || has(previous, *scope.attribute) ? previous : nullptr;
  }
  visited_.fetch_add(visited, std::memory_order_relaxed);
  return undone;
}

Range History::range(const Scope& scope, std::string_view after, std::size_t limit, Revision revision) const {
  Range range;
  range.revision = revision;
  const Part* part = find_part(part_of(scope));
  if (part == nullptr) return range;
  const Records& records = part->records;
  auto [live, last] = records.below(scope.path);
  const Undone undone = undo(*part, scope, revision);
  auto old = undone.begin();
  if (after >= scope.path) {
    live = scope.covers(after) ? records.upper_bound(after) : last;
    old = undone.upper_bound(after);
  }

  const auto is_full = [&] { return limit > 0 && range.records.size() == limit; };
  while ((live != last || old != undone.end()) && !is_full()) {
    if (old != undone.end() && (live == last || old->first <= (*live)->key)) {
      if (live != last && old->first == (*live)->key) ++live;
      if (old->second) range.records.push_back(old->second);
      ++old;
    } else {
      range.records.push_back(*live);
      ++live;
    }
  }
  visited_.fetch_add(range.records.size(), std::memory_order_relaxed);
  // Of those that are left: as many as there are now, but for what came and went since then.
  range.remaining = records.distance(live, last);
  for (; old != undone.end(); ++old) {
    const bool exists_now = records.find(old->first) != nullptr;
    if (old->second && !exists_now) ++range.remaining;
    if (!old->second && exists_now) --range.remaining;
  }
  range.more = range.remaining > 0;
  return range;
}

bool History::events_after(const Scope& scope, Revision& position, std::size_t max,
                           std::vector<EventPtr>& events) const {
  const Part* part = find_part(part_of(scope));
  // Where there is no part there may have been one, all of which is forgotten.
  if (position < (part != nullptr ? part->compacted : compacted_)) return false;
  if (part != nullptr) {
    std::size_t visited = 0;
    const std::size_t full = events.size() + max;
    for (auto event = first_after(part->events, position); event != part->events.end() && events.size() < full;
         ++event) {
      ++visited;
      position = (*event)->record->mod_revision;
      if (scope.covers((*event)->record->key)) events.push_back(*event);
    }
    visited_.fetch_add(visited, std::memory_order_relaxed);
    if (events.size() == full) return true;
  }
  position = std::max(position, revision_);
  return true;
}

Revision History::revision_to_keep(std::size_t bytes) const {
  std::size_t kept = history_bytes_;
  Revision revision = compacted_;
  for (const EventPtr& event : events_) {
    if (kept <= bytes) break;
    kept -= cost_of(*event);
    revision = event->record->mod_revision;
  }
  return revision;
}

}  // namespace skiff::store
