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

}  // namespace

std::string_view History::collection_of(std::string_view key) {
  const auto end = key.find('/', 1);
  return end == std::string_view::npos ? key : key.substr(0, end + 1);
}

void History::restore(RecordPtr record) {
  Collection& collection = collections_[std::string(collection_of(record->key))];
  RecordPtr& place = collection.records[record->key];
  if (place) live_bytes_ -= cost_of(*place);
  live_bytes_ += cost_of(*record);
  place = std::move(record);
}

void History::apply(EventPtr event) {
  const Record& record = *event->record;
  CHECK_INVARIANT(record.mod_revision == revision_ + 1);
  revision_ = record.mod_revision;
  Collection& collection = collections_[std::string(collection_of(record.key))];
  if (event->type == Event::Type::kPut) {
    collection.records[record.key] = event->record;
    live_bytes_ += cost_of(record);
  } else {
    collection.records.erase(record.key);
  }
  if (event->previous) live_bytes_ -= cost_of(*event->previous);
  history_bytes_ += cost_of(*event);
  collection.events.push_back(event);
  events_.push_back(std::move(event));
}

void History::compact(Revision revision, const Forget& forget) {
  while (!events_.empty() && events_.front()->record->mod_revision <= revision) {
    const Event& event = *events_.front();
    if (event.previous) forget(event.previous->key, event.previous->mod_revision);
    if (event.type == Event::Type::kDelete) forget(event.record->key, event.record->mod_revision);
    history_bytes_ -= cost_of(event);
    Collection& collection = collections_[std::string(collection_of(event.record->key))];
    collection.compacted = event.record->mod_revision;
    collection.events.pop_front();
    events_.pop_front();
  }
  compacted_ = std::max(compacted_, revision);
}

const History::Collection* History::find_collection(std::string_view key) const {
  const auto found = collections_.find(std::string(collection_of(key)));
  return found == collections_.end() ? nullptr : &found->second;
}

RecordPtr History::get(std::string_view key) const {
  const Collection* collection = find_collection(key);
  if (collection == nullptr) return nullptr;
  const auto found = collection->records.find(key);
  return found == collection->records.end() ? nullptr : found->second;
}

std::size_t History::count(std::string_view prefix) const {
  const Collection* collection = find_collection(prefix);
  if (collection == nullptr) return 0;
  if (prefix == collection_of(prefix)) return collection->records.size();
  std::size_t number = 0;
  for (auto at = collection->records.lower_bound(prefix);
       at != collection->records.end() && at->first.starts_with(prefix); ++at) {
    ++number;
  }
  return number;
}

std::map<std::string_view, RecordPtr> History::undo(const Collection& collection, std::string_view prefix,
                                                    Revision revision) {
  std::map<std::string_view, RecordPtr> then;
  // Newest first, so that the oldest event after `revision` has the last word.
  for (auto event = collection.events.rbegin(); event != collection.events.rend(); ++event) {
    const Record& record = *(*event)->record;
    if (record.mod_revision <= revision) break;
    if (record.key.starts_with(prefix)) then[record.key] = (*event)->previous;
  }
  return then;
}

Range History::range(std::string_view prefix, std::string_view after, std::size_t limit, Revision revision) const {
  Range range;
  range.revision = revision;
  const Collection* collection = find_collection(prefix);
  if (collection == nullptr) return range;
  const auto take = [&](const RecordPtr& record) {
    if (limit == 0 || range.records.size() < limit) {
      range.records.push_back(record);
    } else {
      range.more = true;
      ++range.remaining;
    }
  };

  const auto then = undo(*collection, prefix, revision);
  auto live = after < prefix ? collection->records.lower_bound(prefix) : collection->records.upper_bound(after);
  auto old = after < prefix ? then.lower_bound(prefix) : then.upper_bound(after);
  const auto live_left = [&] { return live != collection->records.end() && live->first.starts_with(prefix); };
  while (live_left() || old != then.end()) {
    if (old != then.end() && (!live_left() || old->first <= live->first)) {
      if (live_left() && old->first == live->first) ++live;
      if (old->second) take(old->second);
      ++old;
    } else {
      take(live->second);
      ++live;
    }
  }
  return range;
}

bool History::events_after(std::string_view prefix, Revision& position, std::size_t max,
                           std::vector<EventPtr>& events) const {
  const Collection* collection = find_collection(prefix);
  if (collection != nullptr) {
    if (position < collection->compacted) return false;
    std::size_t taken = 0;
    for (auto event = first_after(collection->events, position); event != collection->events.end(); ++event) {
      if (taken == max) return true;
      position = (*event)->record->mod_revision;
      if (!(*event)->record->key.starts_with(prefix)) continue;
      events.push_back(*event);
      ++taken;
    }
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
