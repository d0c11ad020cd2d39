#pragma once

#include "store/store.h"

#include <functional>
#include <future>
#include <memory>
#include <string>

namespace skiff::store::test {

// How the contract suite gets at a store: made anew, and, where the implementation is durable, opened again on what it
// left.
struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<Store>()> open;
  bool durable = false;
};

// All implementations: memory, sqlite. Each call gives factories on fresh storage, which lives as long as the factory
// does.
[[nodiscard]] std::vector<StoreFactory> all_factories();

// Writes and waits for the answer.
Result<RecordPtr> write(Store& store, Write write);
Result<RecordPtr> put(Store& store, const std::string& key, const std::string& value, Revision expected);
Result<RecordPtr> remove(Store& store, const std::string& key, Revision expected);

// "PUT /a/x@3", "DELETE /a/x@4": events as text, to compare sequences.
[[nodiscard]] std::vector<std::string> drain(Watch& watch);

}  // namespace skiff::store::test
