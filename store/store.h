#pragma once

#include "api/base/result.h"
#include "store/attributes.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The cluster's memory: keys, bytes and revisions, in the manner of etcd. It knows nothing of Kubernetes.
//
// Invariants (the contract suite, test/contract/store, holds every implementation to them):
//  1. One 64-bit revision counts the writes of the whole store; it grows by one with each and never repeats, also
//     across restarts and crashes. After a restart it may skip some: those that volatile keys may have had. An empty
//     store is at revision 1, as etcd is.
//  2. A write is acknowledged after it is durable (in implementations that are durable at all) and visible to every
//     read and watch that starts later. A write that fails leaves no trace and takes no revision.
//  3. A record is immutable and shared; whoever holds a RecordPtr may keep it.
//  4. Events come in revision order, each exactly once per watch, without gaps, or the watch says kCompacted.
//  5. Reads and watches never touch the disk and never wait for a writer's disk.
namespace skiff::store {

using Revision = std::int64_t;

struct Record {
  std::string key;
  std::string value;
  Attributes attributes;
  Revision create_revision = 0;  // of the write that made the key
  Revision mod_revision = 0;     // of the write that made this record
  std::int64_t version = 0;      // 1 at creation, +1 with each write since
  // Where in `value` the decimal mod_revision stands; npos when it was not asked for.
  std::size_t revision_offset = std::string::npos;
};
using RecordPtr = std::shared_ptr<const Record>;

enum class Code {
  kConflict,        // the key's mod_revision (or its absence) is not what the write expected; see Error::current
  kCompacted,       // the revision asked for is older than what is kept
  kFutureRevision,  // the revision asked for has not happened yet
  kNoSpace,         // the disk is full; nothing was written, a later try may succeed
  kUnavailable,     // the disk refused otherwise (read-only, failing), or too much waits; as above
  kClosed,          // the store is shutting down
  kCorrupt,         // the data on disk is damaged or is another program's
};

struct Error {
  Code code;
  std::string message;
  RecordPtr current;  // for kConflict: the record that stands there; null when there is none
  std::string key{};  // for kConflict: of that record
};

template <class T>
using Result = boost::system::result<T, Error>;
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

// One compare-and-swap, or several that happen together.
struct Write {
  // "/<collection>/<rest>": the first path segment names the collection, by which watches are indexed.
  std::string key;
  // The write happens only if the key's mod_revision is this; 0 = only if the key does not exist.
  Revision expected = 0;
  // The new value; nothing deletes the key (which must then exist).
  std::optional<std::string> value;
  // The store inserts the decimal revision of this write at this place of the value. npos: nowhere.
  std::size_t revision_offset = std::string::npos;
  Attributes attributes;
  // Called on the writer thread with the new record (for a deletion the last one) once it is durable and before anybody
  // can see it. It must only hand on. None for a write that does not happen.
  std::function<void(const RecordPtr&)> before_visible = nullptr;
  // Further writes, to other keys, that happen in the same commit or not at all; the revisions follow this one's. They
  // bring none along themselves.
  std::vector<Write> together;
};

struct Event {
  enum class Type { kPut, kDelete };
  Type type = Type::kPut;
  // kPut: what was written. kDelete: the last record, with mod_revision (and its text in the value, if it was asked
  // for) that of the deletion.
  RecordPtr record;
  RecordPtr previous;  // what stood there before; null for a creation

  [[nodiscard]] bool is_create() const { return type == Type::kPut && !previous; }
};
using EventPtr = std::shared_ptr<const Event>;

// What a range or a watch looks at: all keys of a directory ("/pods/", "/pods/default/": it ends with a slash and lies
// in one collection) or one key; and of these, when an attribute is named, the records that have it.
struct Scope {
  std::string path;
  // Store::index() must have been called for its name.
  std::optional<Attribute> attribute;

  Scope(const char* text) : path(text) {}
  Scope(std::string text) : path(std::move(text)) {}
  Scope(std::string text, Attribute only) : path(std::move(text)), attribute(std::move(only)) {}

  // Whether a key lies below the path.
  [[nodiscard]] bool covers(std::string_view key) const {
    return path.ends_with('/') ? key.starts_with(path) : key == path;
  }
};

struct Range {
  std::vector<RecordPtr> records;  // in key order
  Revision revision = 0;           // the state of the store that they show
  bool more = false;               // whether `limit` cut the answer short
  std::size_t remaining = 0;       // how many further records there were
};

// Everything that is kept, at one moment: what a backup needs.
struct Snapshot {
  std::vector<RecordPtr> records;  // by revision; none of volatile keys
  Revision revision = 0;
};

// A place in the log of events. Holds no events of its own, so a slow reader costs nothing; one that falls behind what
// the store keeps is told kCompacted. Used by one thread at a time; destroying it ends the watch.
class Watch {
 public:
  virtual ~Watch() = default;
  // Appends up to `max` further events to `events`. None when all have been seen; the wake-up is then armed again.
  // kCompacted or kClosed end the watch.
  [[nodiscard]] virtual Result<void> poll(std::vector<EventPtr>& events, std::size_t max) = 0;
  // Everything up to this revision has been returned by poll() (or did not concern this watch).
  [[nodiscard]] virtual Revision position() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Queues a write. `done` is called once, on the store's writer thread (so it must only hand on), with the new record
  // of Write::key, or for a deletion the last one as in Event::record. Writes that wait together are committed
  // together. From any thread.
  using Done = std::function<void(Result<RecordPtr>)>;
  virtual void write(Write write, Done done) = 0;

  // The newest record, or null. From any thread, as all reads.
  [[nodiscard]] virtual RecordPtr get(std::string_view key) const = 0;

  // Records in `scope` whose key is greater than `after` (empty: from the start), at most `limit` (0 = all), as they
  // were at `revision` (0 = now). The cost grows with the answer and with what has changed since `revision`, not with
  // the collection. kCompacted, kFutureRevision.
  [[nodiscard]] virtual Result<Range> range(const Scope& scope, std::string_view after, std::size_t limit,
                                            Revision revision) const = 0;

  // How many records lie below the path of a directory, now.
  [[nodiscard]] virtual std::size_t count(std::string_view directory) const = 0;

  // All live records that would survive a restart (of a store on a disk).
  [[nodiscard]] virtual Snapshot snapshot() const = 0;

  // The newest visible revision.
  [[nodiscard]] virtual Revision revision() const = 0;
  // The oldest revision at which range() can read, and after which watch() can begin.
  [[nodiscard]] virtual Revision compacted_revision() const = 0;

  // Events in `scope` with a revision greater than `after`; where an attribute is named, of records that have it or had
  // it until then. `wake` is called on the writer thread when, after a poll() that returned none, there is something to
  // poll again; it must only hand on. A write costs nothing for watches that it does not concern. kCompacted when
  // `after` < compacted_revision(), kFutureRevision when it is beyond revision().
  [[nodiscard]] virtual Result<std::unique_ptr<Watch>> watch(Scope scope, Revision after,
                                                             std::function<void()> wake) = 0;

  // From now on the records of the collection ("/pods/") are also kept by their values of the attribute, for scopes
  // that name one. Idempotent.
  virtual void index(const std::string& collection, const std::string& attribute) = 0;

  // Forgets history up to and including `revision`: reads before it and watches after less than it say kCompacted.
  // The store also compacts by itself (see the implementations). kFutureRevision.
  [[nodiscard]] virtual Result<void> compact(Revision revision) = 0;

  // Commits what is queued, wakes all watches with kClosed and stops the writer. Further writes fail with kClosed.
  // Idempotent; also called by the destructor.
  virtual void close() = 0;
};

}  // namespace skiff::store
