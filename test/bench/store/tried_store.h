#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace skiff::bench {

// A store as the benchmark uses it: the calls that an API server makes of its store. All calls block, may come from any
// thread, and end the program when the store fails.
class TriedStore {
 public:
  // Destroying it ends the watch.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  virtual ~TriedStore() = default;

  // Writes the value if the key's revision is `expected` (0: if there is no such key); returns when that is durable.
  // The result is the new revision; a conflict ends the program.
  virtual std::int64_t put(const std::string& key, const std::string& value, std::int64_t expected) = 0;
  // The size of the value.
  virtual std::size_t get(const std::string& key) = 0;
  // How many records of the directory, which ends with a slash, came; at most `limit`, 0 = all.
  virtual std::size_t range(const std::string& directory, std::size_t limit) = 0;
  // Calls `came` with the revision of each write in the directory from now on, on a thread of the watch.
  using Came = std::function<void(std::int64_t revision)>;
  virtual std::unique_ptr<Watch> watch(const std::string& directory, Came came) = 0;
};

// skiff's own store, in this process as in skiff's server, in a file of this directory.
[[nodiscard]] std::unique_ptr<TriedStore> open_skiff_store(const std::string& directory);
// The etcd at "127.0.0.1:2379", over one gRPC connection, as kube-apiserver uses it.
[[nodiscard]] std::unique_ptr<TriedStore> open_etcd(const std::string& address);

[[noreturn]] void fail(const std::string& message);

}  // namespace skiff::bench
