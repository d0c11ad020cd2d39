#include "server/registry/direct_client.h"

#include "api/base/check.h"
#include "api/views/meta.h"
#include "server/registry/registry.h"
#include "server/registry/token_issuer.h"

#include <boost/asio/this_coro.hpp>

namespace skiff::server {

namespace {

// How many events a watcher takes from the registry in one go.
constexpr std::size_t kEventBatch = 256;

ServedKind served(const Registry& registry, const api::ResourceType& resource) {
  const ServedKind kind = registry.kinds().find(resource);
  CHECK_INVARIANT(kind && "components only ask for built-in kinds");
  return kind;
}

// "kube-scheduler" for the user "system:kube-scheduler", and the agent's name for the users of nodes.
std::string component_name(const std::string& user) {
  constexpr std::string_view kSystem = "system:";
  if (user.starts_with("system:node:")) return "kubelet";
  return user.starts_with(kSystem) ? user.substr(kSystem.size()) : user;
}

CallContext context_of(const api::User& user, const api::WriteOptions& options) {
  CallContext context;
  context.user = user;
  context.field_manager = options.field_manager.empty() ? component_name(user.name) : options.field_manager;
  context.wants_warnings = false;
  return context;
}

// ListParams or WatchParams with these selectors.
template <class Params>
api::Result<Params> params_with(const std::string& labels, const std::string& fields) {
  auto label_selector = api::LabelSelector::parse(labels);
  if (!label_selector) return label_selector.error();
  auto field_selector = api::FieldSelector::parse(fields);
  if (!field_selector) return field_selector.error();
  Params params;
  params.label_selector = std::move(*label_selector);
  params.field_selector = std::move(*field_selector);
  return params;
}

class DirectWatch final : public api::WatchStream {
 public:
  DirectWatch(const Registry& registry, ServedKind kind, asio::any_io_executor executor)
      : registry_(registry), kind_(kind), signal_(std::move(executor)) {}

  api::Result<void> open(const std::string& namespace_, const WatchParams& params) {
    auto opened = registry_.watch(kind_, namespace_, params, signal_.notifier());
    if (!opened) return opened.error();
    watch_ = std::move(*opened);
    registry_.follow(kind_);
    return {};
  }

  Task<api::Result<api::WatchEvent>> next() override {
    while (next_event_ == batch_.size() && !cancelled_) {
      batch_.clear();
      next_event_ = 0;
      if (auto polled = watch_->poll(batch_, kEventBatch); !polled) co_return polled.error();
      if (batch_.empty()) co_await signal_.wait();
    }
    if (cancelled_) {
      api::Status gone;
      gone.reason = api::Reason::kGone;
      gone.message = "the watch was cancelled";
      co_return gone;
    }
    const RegistryEvent taken = std::move(batch_[next_event_++]);
    auto object = registry_.event_object(kind_, taken.record);
    if (!object) co_return object.error();
    api::WatchEvent event;
    event.type = taken.type;
    event.object = std::move(*object);
    co_return event;
  }

  void cancel() override {
    cancelled_ = true;
    signal_.notify();
  }

 private:
  const Registry& registry_;
  ServedKind kind_;
  Signal signal_;
  std::unique_ptr<RegistryWatch> watch_;
  std::vector<RegistryEvent> batch_;
  std::size_t next_event_ = 0;
  bool cancelled_ = false;
};

}  // namespace

DirectClient::DirectClient(Registry& registry, api::User user, const TokenIssuer* token_issuer)
    : registry_(registry), user_(std::move(user)), token_issuer_(token_issuer) {}

Task<api::Result<api::ObjectPtr>> DirectClient::get(const api::ResourceType& resource, api::NamespacedName name) {
  const ServedKind kind = served(registry_, resource);
  const auto record = registry_.get(kind, name);
  if (!record) co_return record.error();
  co_return registry_.object(kind, *record);
}

Task<api::Result<api::ObjectList>> DirectClient::list(const api::ResourceType& resource, std::string namespace_,
                                                      api::ListOptions options) {
  const ServedKind kind = served(registry_, resource);
  auto params = params_with<ListParams>(options.label_selector, options.field_selector);
  if (!params) co_return params.error();
  const auto page = registry_.list(kind, namespace_, *params);
  if (!page) co_return page.error();
  api::ObjectList list;
  list.resource_version = page->resource_version;
  list.items.reserve(page->records.size());
  for (const store::RecordPtr& record : page->records) {
    auto object = registry_.object(kind, record);
    if (!object) co_return object.error();
    list.items.push_back(std::move(*object));
  }
  co_return list;
}

Task<api::Result<api::ObjectPtr>> DirectClient::create(const api::ResourceType& resource, std::string namespace_,
                                                       Json object, api::WriteOptions options) {
  const ServedKind kind = served(registry_, resource);
  CallContext context = context_of(user_, options);
  if (options.subresource == "binding") {
    api::NamespacedName pod{namespace_, api::name_of(object)};
    auto bound = co_await registry_.bind(context, pod, std::move(object));
    if (!bound) co_return bound.error();
    const auto record = registry_.get(kind, pod);
    if (!record) co_return record.error();
    co_return registry_.object(kind, *record);
  }
  if (options.subresource == "token") {
    CHECK_INVARIANT(token_issuer_ != nullptr && "only node agents ask for tokens");
    const api::NamespacedName account{namespace_, api::name_of(object)};
    auto issued = token_issuer_->issue(account, std::move(object));
    if (!issued) co_return issued.error();
    co_return std::make_shared<const Json>(std::move(*issued));
  }
  WriteParams params;
  auto created = co_await registry_.create(context, kind, std::move(namespace_), std::move(object), std::move(params));
  if (!created) co_return created.error();
  co_return registry_.object(kind, *created);
}

Task<api::Result<api::ObjectPtr>> DirectClient::update(const api::ResourceType& resource, Json object,
                                                       api::WriteOptions options) {
  const ServedKind kind = served(registry_, resource);
  CallContext context = context_of(user_, options);
  api::NamespacedName name = api::key_of(object);
  WriteParams params;
  auto written = co_await registry_.update(context, kind, std::move(name), std::move(options.subresource),
                                           std::move(object), std::move(params));
  if (!written) co_return written.error();
  co_return registry_.object(kind, written->record);
}

Task<api::Result<api::ObjectPtr>> DirectClient::patch(const api::ResourceType& resource, api::NamespacedName name,
                                                      api::PatchType type, Json patch, api::WriteOptions options) {
  const ServedKind kind = served(registry_, resource);
  CallContext context = context_of(user_, options);
  WriteParams params;
  auto written = co_await registry_.patch(context, kind, std::move(name), std::move(options.subresource), type,
                                          std::move(patch), std::move(params));
  if (!written) co_return written.error();
  co_return registry_.object(kind, written->record);
}

Task<api::Result<api::ObjectPtr>> DirectClient::remove(const api::ResourceType& resource, api::NamespacedName name,
                                                       api::DeleteOptions options) {
  const ServedKind kind = served(registry_, resource);
  CallContext context;
  context.user = user_;
  auto deleted = co_await registry_.remove(context, kind, std::move(name), std::move(options));
  if (!deleted) co_return deleted.error();
  co_return registry_.object(kind, deleted->record);
}

Task<api::Result<std::unique_ptr<api::WatchStream>>> DirectClient::watch(const api::ResourceType& resource,
                                                                         std::string namespace_,
                                                                         api::WatchOptions options) {
  auto params = params_with<WatchParams>(options.label_selector, options.field_selector);
  if (!params) co_return params.error();
  params->resource_version = std::move(options.resource_version);
  const auto executor = co_await asio::this_coro::executor;
  auto stream = std::make_unique<DirectWatch>(registry_, served(registry_, resource), executor);
  if (auto opened = stream->open(namespace_, *params); !opened) co_return opened.error();
  co_return std::unique_ptr<api::WatchStream>(std::move(stream));
}

}  // namespace skiff::server
