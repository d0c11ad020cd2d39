#include "test/server/handlers/api_server.h"

#include "server/auth/certificate.h"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <exception>

namespace skiff::server {
namespace {

// Longer than anything here takes; a test that reaches it hangs.
constexpr std::chrono::seconds kPatience{30};

std::string joined(const std::vector<Slice>& slices) {
  std::string text;
  for (const Slice& slice : slices) text += slice.bytes;
  return text;
}

Request make_request(const std::string& method, const std::string& target) {
  Request request;
  request.method = method;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  std::string_view query =
      question == std::string::npos ? std::string_view() : std::string_view(target).substr(question + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    request.query.emplace_back(pair.substr(0, equals),
                               equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
  }
  request.user = api::User{"alice", {"system:authenticated"}, ""};
  return request;
}

}  // namespace

Json Answer::json() const {
  Json document = Json::parse(body, nullptr, false);
  INFO(body);
  REQUIRE_FALSE(document.is_discarded());
  return document;
}

std::vector<std::string> Answer::warnings() const {
  std::vector<std::string> texts;
  for (const auto& [name, value] : headers.all()) {
    if (name == "Warning") texts.push_back(value);
  }
  return texts;
}

ApiServer::ApiServer(AuthorizationMode mode, const InFlightLimits& limits)
    : store(store::open_memory_store()),
      work_(boost::asio::make_work_guard(context_)),
      catalog_(api::schema::Catalog::builtin()),
      kinds_(builtin_kinds(*catalog_)),
      registry_(*store, kinds_, *catalog_, clock, {}),
      authorizer_(mode),
      tokens_(*ServiceAccountTokens::create(*make_private_key())),
      authenticator_(tokens_, clock),
      token_issuer_(registry_, tokens_) {
  authenticator_.add_token(TokenUser{"secret", api::User{"bob", {"builders"}, "7"}});
  const ApiParts parts{registry_, *catalog_, nodes, authenticator_, authorizer_, tokens_, token_issuer_};
  handler_ = std::make_unique<ApiHandler>(parts, std::vector<HealthCheck>{{"etcd", false, [this] { return healthy; }}},
                                          limits);
}

ApiServer::~ApiServer() = default;

template <class T>
T ApiServer::run(Task<T> task) {
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr exception, T value) {
    failure = exception;
    result.emplace(std::move(value));
  });
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!result) REQUIRE(context_.run_one_until(deadline) == 1);
  REQUIRE_FALSE(failure);
  return std::move(*result);
}

Answer ApiServer::send(const std::string& method, const std::string& target, const Headers& headers,
                       const std::string& body) {
  Request request = make_request(method, target);
  request.headers = headers;
  request.body = body;
  Response response = run(handler_->handle(std::move(request)));
  const bool upgraded = response.upgrade != nullptr;
  return {response.status, response.headers,        joined(response.body), std::move(response.stream),
          upgraded,        std::move(response.seat)};
}

Answer ApiServer::get(const std::string& target, const std::string& accept) {
  Headers headers;
  if (!accept.empty()) headers.set("Accept", accept);
  return send("GET", target, headers);
}

Answer ApiServer::post(const std::string& target, const Json& body) { return send("POST", target, {}, body.dump()); }

Answer ApiServer::put(const std::string& target, const Json& body) { return send("PUT", target, {}, body.dump()); }

Answer ApiServer::patch(const std::string& target, const std::string& content_type, const Json& body) {
  Headers headers;
  headers.set("Content-Type", content_type);
  return send("PATCH", target, headers, body.dump());
}

Answer ApiServer::remove(const std::string& target, const std::string& body) {
  return send("DELETE", target, {}, body);
}

Json ApiServer::config_map(const std::string& name, const Json& data) {
  const Answer answer = post("/api/v1/namespaces/default/configmaps", {{"metadata", {{"name", name}}}, {"data", data}});
  INFO(answer.body);
  REQUIRE(answer.status == 201);
  return answer.json();
}

struct ApiServer::Pending {
  std::optional<std::string> text;
};

std::shared_ptr<ApiServer::Pending> ApiServer::begin_next(BodyStream& stream) {
  auto pending = std::make_shared<Pending>();
  boost::asio::co_spawn(context_, stream.next(),
                        [pending](const std::exception_ptr& failure, std::vector<Slice> slices) {
                          REQUIRE_FALSE(failure);
                          pending->text = joined(slices);
                        });
  context_.poll();
  return pending;
}

std::string ApiServer::finish(const std::shared_ptr<Pending>& pending) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!pending->text) REQUIRE(context_.run_one_until(deadline) == 1);
  return *pending->text;
}

std::optional<std::string> ApiServer::finished(const std::shared_ptr<Pending>& pending) {
  context_.poll();
  return pending->text;
}

std::vector<Slice> ApiServer::next_slices(BodyStream& stream) { return run(stream.next()); }

std::string ApiServer::next(BodyStream& stream) { return joined(next_slices(stream)); }

}  // namespace skiff::server
