#pragma once

#include "api/schema/schema.h"
#include "server/auth/authenticator.h"
#include "server/auth/authorizer.h"
#include "server/auth/service_account_tokens.h"
#include "server/handlers/api_handler.h"
#include "server/handlers/service_account_issuer.h"
#include "server/registry/registry.h"
#include "store/memory/memory_store.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::server {

inline const std::string kConfigMaps = "/api/v1/namespaces/default/configmaps";

// A clock that stands still, so that ages in tables are known.
class FixedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void advance(std::chrono::seconds by) { now_ += by; }

 private:
  TimePoint now_ = *parse_time("2026-11-22T12:00:00Z");
};

// Nodes by name, as a test puts them in.
class FakeNodes final : public NodeServices {
 public:
  std::map<std::string, std::shared_ptr<api::NodeService>, std::less<>> nodes;

  std::shared_ptr<NodeAccess> find(std::string_view node_name) override {
    const auto found = nodes.find(node_name);
    return found == nodes.end() ? nullptr : make_local_access(found->second);
  }
};

// What came back, with the body as one text.
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
  std::unique_ptr<BodyStream> stream;
  bool upgraded = false;             // somebody takes the connection over
  std::shared_ptr<const void> seat;  // as long as the response is on its way

  [[nodiscard]] Json json() const;
  // `message` of a Status.
  [[nodiscard]] std::string message() const { return string_at(json(), {"message"}); }
  [[nodiscard]] std::vector<std::string> warnings() const;
};

// The whole API over a store in memory, without a socket: requests go into ApiHandler::handle() and are awaited.
class ApiServer {
 public:
  explicit ApiServer(AuthorizationMode mode = AuthorizationMode::kAlwaysAllow, const InFlightLimits& limits = {});
  ~ApiServer();

  // `target` is "/path?a=b&c=d"; values stand for themselves, nothing is decoded.
  Answer get(const std::string& target, const std::string& accept = "");
  Answer post(const std::string& target, const Json& body);
  Answer put(const std::string& target, const Json& body);
  Answer patch(const std::string& target, const std::string& content_type, const Json& body);
  Answer remove(const std::string& target, const std::string& body = "");
  Answer send(const std::string& method, const std::string& target, const Headers& headers = {},
              const std::string& body = "");

  // Makes a ConfigMap in the namespace default.
  Json config_map(const std::string& name, const Json& data = Json::object());

  // The next pieces of a stream; none, or joined "", when it has ended.
  std::vector<Slice> next_slices(BodyStream& stream);
  std::string next(BodyStream& stream);
  // Starts to wait for the next pieces; `finish` takes them.
  struct Pending;
  std::shared_ptr<Pending> begin_next(BodyStream& stream);
  std::string finish(const std::shared_ptr<Pending>& pending);
  // The same if they are there by now.
  std::optional<std::string> finished(const std::shared_ptr<Pending>& pending);

  // For clients beside HTTP.
  [[nodiscard]] Registry& registry() { return registry_; }

  FixedClock clock;
  FakeNodes nodes;
  std::unique_ptr<store::Store> store;
  bool healthy = true;

 private:
  template <class T>
  T run(Task<T> task);

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<const api::schema::Catalog> catalog_;
  KindTable kinds_;
  Registry registry_;
  Authorizer authorizer_;
  ServiceAccountTokens tokens_;
  Authenticator authenticator_;
  ServiceAccountIssuer token_issuer_;
  std::unique_ptr<ApiHandler> handler_;
};

}  // namespace skiff::server
