#pragma once

#include "api/base/result.h"
#include "api/base/task.h"
#include "api/user.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// HTTP as the rest of the server sees it; Beast, TLS and sockets stay behind these types (server/http/*.cc).
namespace skiff::server {

// Bytes shared between a stored object, the log of events and many connections: who writes them does not copy them.
struct Slice {
  std::shared_ptr<const void> owner;
  std::string_view bytes;

  // A slice that owns its text.
  [[nodiscard]] static Slice of(std::string text);
  // A slice of static text.
  [[nodiscard]] static Slice literal(std::string_view text) { return Slice{nullptr, text}; }
};

// Header names are compared without regard to case; the first of equal names wins for find().
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);
  // Null when absent.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::string get(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

struct Request {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query: "/api/v1/namespaces/default/pods"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;
  api::User user;  // set by the authenticating handler
  std::string id;  // in logs and the Audit-Id header: the client's own, or one that is unique
  // The subject of a client certificate that our CA signed (or --client-ca-file's), if the client showed one.
  std::optional<api::User> certificate_user;

  // The first value of a query parameter; nothing when it is absent.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
};

// A body that is produced while it is sent (watch, logs). Used on the connection's executor only.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Waits for the next pieces, to be sent as they are. An empty vector ends the body.
  virtual Task<std::vector<Slice>> next() = 0;
  // The client has gone or the server stops: a waiting next() ends the body. From the same executor.
  virtual void cancel() = 0;
};

class ByteStream;

// What a connection is used for after "101 Switching Protocols". Used on the connection's executor only.
class Upgrade {
 public:
  virtual ~Upgrade() = default;
  // Talks to the client, and returns when that is over and nothing of the stream is in use any more.
  virtual Task<void> run(ByteStream& stream) = 0;
  // The server stops: run() returns soon.
  virtual void cancel() = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  // Either all of the body (sent with Content-Length) or a stream (sent chunked).
  std::vector<Slice> body;
  std::unique_ptr<BodyStream> stream;
  // With status 101, instead of a body: who takes the connection over.
  std::unique_ptr<Upgrade> upgrade;
  // Held until the response is sent or its client has gone: what the handler counts requests with.
  std::shared_ptr<const void> seat;
};

// What answers requests. Thread-safe; called on the connection's executor, where it must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> handle(Request request) = 0;
};

}  // namespace skiff::server
