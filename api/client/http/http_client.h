#pragma once

#include "api/client.h"
#include "api/client/http/http_connection.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace skiff::api {

struct HttpClientOptions {
  Endpoint server;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::string token;       // "" = none (a client certificate in `tls`)
  std::string user_agent;  // "skiff/0.1.0 (kubelet)": its first part is the field manager of writes that name none
};

// api::Client over HTTPS, for components in other processes and on other machines.
//
// Operation: requests take turns on a few connections that are kept; each watch has one of its own, on which nothing
// happens while nothing changes. A request that is not answered within kRequestTimeout fails with kTimeout, one that
// cannot be sent with kServiceUnavailable; repeating is the caller's business, as with every api::Client. Objects come
// without metadata.managedFields, as those of the in-process client.
// Concurrency: thread-safe. Connections belong to their caller's executor and are shared among callers of the same one.
// It will not: know kinds. A deletion that upstream answers with a Status of success gives that document.
class HttpClient final : public Client {
 public:
  static constexpr std::chrono::seconds kConnectTimeout{10};
  static constexpr std::chrono::seconds kRequestTimeout{30};
  static constexpr std::size_t kMaxIdleConnections = 4;
  // Of one answer or one event of a watch.
  static constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 30;

  explicit HttpClient(HttpClientOptions options);
  ~HttpClient() override;

  Task<Result<ObjectPtr>> get(const ResourceType& resource, NamespacedName name) override;
  Task<Result<ObjectList>> list(const ResourceType& resource, std::string namespace_, ListOptions options) override;
  Task<Result<ObjectPtr>> create(const ResourceType& resource, std::string namespace_, Json object,
                                 WriteOptions options) override;
  Task<Result<ObjectPtr>> update(const ResourceType& resource, Json object, WriteOptions options) override;
  Task<Result<ObjectPtr>> patch(const ResourceType& resource, NamespacedName name, PatchType type, Json patch,
                                WriteOptions options) override;
  Task<Result<ObjectPtr>> remove(const ResourceType& resource, NamespacedName name, DeleteOptions options) override;
  Task<Result<std::unique_ptr<WatchStream>>> watch(const ResourceType& resource, std::string namespace_,
                                                   WatchOptions options) override;

 private:
  Task<Result<Json>> call(std::string method, std::string target, std::string content_type, std::string body);
  Task<Result<ObjectPtr>> call_for_object(std::string method, std::string target, std::string content_type,
                                          std::string body);
  Task<Result<std::unique_ptr<HttpConnection>>> connect();
  // An idle connection of this executor, or null.
  [[nodiscard]] std::unique_ptr<HttpConnection> take_idle(const asio::any_io_executor& executor);
  void keep(std::unique_ptr<HttpConnection> connection);
  [[nodiscard]] HttpRequest make_request(std::string method, std::string target, std::string content_type,
                                         std::string body) const;

  const HttpClientOptions options_;
  std::mutex mutex_;  // guards idle_
  std::vector<std::unique_ptr<HttpConnection>> idle_;
};

}  // namespace skiff::api
