#pragma once

#include "api/client/object_source.h"
#include "store/store.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

namespace skiff::server {

// Lets all components of the process share one parsed form of a record: scheduler, controllers and agents watch the
// same pods, and a parsed pod takes several times the room of its bytes. It only remembers who has what: an object
// lives as long as a component keeps it, and its source, which is the record, as long as somebody may ask for it again.
// What is written inside of the process is not parsed at all: its writer has it at hand, and here it waits for the
// first component that follows the collection. Thread-safe; outlives its objects.
class ObjectCache {
 public:
  // So many wait at most, the latest ones, and none with more bytes.
  static constexpr std::size_t kMaxFresh = 4096;
  static constexpr std::size_t kMaxFreshBytes = 16 * 1024;

  // The record's document, without managedFields. kInternalError when it is none.
  [[nodiscard]] api::Result<api::ObjectPtr> parsed(const store::RecordPtr& record);
  // The same as a copy to be changed.
  [[nodiscard]] api::Result<Json> copy(const store::RecordPtr& record);

  // From now on somebody takes what is written below the directory ("/pods/").
  void follow(const std::string& directory);
  // parsed(), for those who follow.
  [[nodiscard]] api::Result<api::ObjectPtr> take(const store::RecordPtr& record);
  // From the writer of a record: what it was made from, without managedFields.
  void put(const store::RecordPtr& record, Json document);

 private:
  class RecordSource;

  // The one source of a record.
  [[nodiscard]] std::shared_ptr<const RecordSource> source_of(const store::RecordPtr& record);
  // With the mutex held: the same, or null when there is none.
  [[nodiscard]] std::shared_ptr<const RecordSource> known_source(const store::RecordPtr& record) const;
  [[nodiscard]] bool is_followed(const store::Record& record);

  std::mutex mutex_;  // also of what the sources remember
  // A source takes itself out when it ends, and until then keeps the record and so its address.
  std::unordered_map<const store::Record*, std::weak_ptr<const RecordSource>> sources_;
  std::set<std::string, std::less<>> followed_;
  std::unordered_map<const store::Record*, api::ObjectPtr> fresh_;  // what waits
  std::deque<const store::Record*> order_;                          // in which it was put; also what was taken since
};

}  // namespace skiff::server
