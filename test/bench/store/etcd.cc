#include "etcd.grpc.pb.h"
#include "test/bench/store/tried_store.h"

#include <grpcpp/grpcpp.h>

#include <limits>
#include <thread>

namespace skiff::bench {
namespace {

using etcdserverpb::KV;

void check(const grpc::Status& status) {
  if (!status.ok()) fail("etcd: " + status.error_message());
}

// The first key behind all that begin with `directory`, which ends with a slash.
std::string end_of(std::string directory) {
  ++directory.back();
  return directory;
}

class EtcdWatch final : public TriedStore::Watch {
 public:
  EtcdWatch(const std::shared_ptr<grpc::Channel>& channel, const std::string& directory, TriedStore::Came came)
      : came_(std::move(came)), stub_(etcdserverpb::Watch::NewStub(channel)), stream_(stub_->Watch(&context_)) {
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key(directory);
    request.mutable_create_request()->set_range_end(end_of(directory));
    etcdserverpb::WatchResponse response;
    if (!stream_->Write(request) || !stream_->Read(&response) || !response.created()) fail("etcd: no watch");
    thread_ = std::jthread([this] { follow(); });
  }
  ~EtcdWatch() override {
    context_.TryCancel();
    thread_.join();
    stream_->Finish();
  }

 private:
  void follow() {
    etcdserverpb::WatchResponse response;
    while (stream_->Read(&response)) {
      for (const auto& event : response.events()) came_(event.kv().mod_revision());
    }
  }

  const TriedStore::Came came_;
  grpc::ClientContext context_;
  const std::unique_ptr<etcdserverpb::Watch::Stub> stub_;
  const std::unique_ptr<grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>> stream_;
  std::jthread thread_;
};

class Etcd final : public TriedStore {
 public:
  explicit Etcd(const std::string& address) : channel_(connect(address)), stub_(KV::NewStub(channel_)) {}

  std::int64_t put(const std::string& key, const std::string& value, std::int64_t expected) override {
    etcdserverpb::TxnRequest request;
    etcdserverpb::Compare& compare = *request.add_compare();
    compare.set_target(etcdserverpb::Compare::MOD);
    compare.set_key(key);
    compare.set_mod_revision(expected);
    etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
    put.set_key(key);
    put.set_value(value);
    grpc::ClientContext context;
    etcdserverpb::TxnResponse response;
    check(stub_->Txn(&context, request, &response));
    if (!response.succeeded()) fail("etcd: conflict at " + key);
    return response.header().revision();
  }
  std::size_t get(const std::string& key) override {
    etcdserverpb::RangeRequest request;
    request.set_key(key);
    const auto response = ask(request);
    return response.kvs().empty() ? 0 : response.kvs(0).value().size();
  }
  std::size_t range(const std::string& directory, std::size_t limit) override {
    etcdserverpb::RangeRequest request;
    request.set_key(directory);
    request.set_range_end(end_of(directory));
    request.set_limit(static_cast<std::int64_t>(limit));
    return static_cast<std::size_t>(ask(request).kvs_size());
  }
  std::unique_ptr<Watch> watch(const std::string& directory, Came came) override {
    return std::make_unique<EtcdWatch>(channel_, directory, std::move(came));
  }

 private:
  static std::shared_ptr<grpc::Channel> connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  etcdserverpb::RangeResponse ask(const etcdserverpb::RangeRequest& request) {
    grpc::ClientContext context;
    etcdserverpb::RangeResponse response;
    check(stub_->Range(&context, request, &response));
    return response;
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<KV::Stub> stub_;
};

}  // namespace

std::unique_ptr<TriedStore> open_etcd(const std::string& address) { return std::make_unique<Etcd>(address); }

}  // namespace skiff::bench
