#include "server/streaming/process_session.h"

#include "api/go_syntax.h"

#include <utility>

namespace skiff::server {

namespace {

Json success_status() { return {{"metadata", Json::object()}, {"status", "Success"}}; }

// The Status that kubectl takes its own exit code from.
Json exit_status(int exit_code, const std::vector<std::string>& command) {
  if (exit_code == 0) return success_status();
  const std::string code = std::to_string(exit_code);
  std::string message = "command terminated with non-zero exit code: error executing command ";
  message += api::go_words(command);
  message += ", exit code " + code;
  const Json causes = Json::array({{{"reason", "ExitCode"}, {"message", code}}});
  return {{"metadata", Json::object()},
          {"status", "Failure"},
          {"message", message},
          {"reason", "NonZeroExitCode"},
          {"details", {{"causes", causes}}}};
}

Json failure_status(const std::string& message) {
  Json status = api::to_json(api::internal_error(message));
  status.erase("kind");
  status.erase("apiVersion");
  return status;
}

}  // namespace

ProcessSession::ProcessSession(std::shared_ptr<api::NodeService> node, api::StartProcess start, std::string failure,
                               std::vector<std::string> command, MakeClient make_client)
    : node_(std::move(node)),
      start_(std::move(start)),
      failure_(std::move(failure)),
      command_(std::move(command)),
      make_client_(std::move(make_client)) {}

Task<void> ProcessSession::run(ByteStream& stream) {
  const auto executor = co_await asio::this_coro::executor;
  const auto client = make_client_(executor, stream);
  client->set_gone_listener([this] {
    client_gone_ = true;
    if (process_ != nullptr) process_->cancel();
  });
  client_ = client.get();
  const bool opened = co_await client->open();
  if (opened && !cancelled_) co_await serve(*client);
  co_await client->close();
  client_ = nullptr;
}

Task<void> ProcessSession::serve(ProcessClient& client) {
  auto process = co_await start_();
  if (client_gone_ || cancelled_) co_return;
  if (!process) {
    const Json status = failure_status(failure_ + ": " + process.error().message);
    co_await client.finish(status);
    co_return;
  }
  process_ = process->get();
  if (co_await client.announce()) co_await converse(client, **process);
  process_ = nullptr;
}

Task<void> ProcessSession::converse(ProcessClient& client, api::ProcessStreams& process) {
  TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(feed(client, process));
  for (;;) {
    auto output = co_await process.next();
    if (!output) break;
    if (!co_await client.send(output->source, output->bytes)) break;
  }
  process.cancel();  // who still tells it something gives up
  if (!client_gone_ && !cancelled_) {
    const Json status = exit_status(process.exit_code().value_or(0), command_);
    co_await client.finish(status);
  }
  co_await client.close();
  co_await tasks.join();
}

Task<void> ProcessSession::feed(ProcessClient& client, api::ProcessStreams& process) {
  bool listens = true;
  for (;;) {
    const auto input = co_await client.receive();
    if (!input) break;
    switch (input->kind) {
      case ClientInput::Kind::kBytes:
        // A process that has stopped listening may still talk: the rest is dropped.
        if (listens) listens = co_await process.write(input->bytes);
        break;
      case ClientInput::Kind::kEnd:
        process.close_input();
        break;
      case ClientInput::Kind::kResize:
        process.resize(input->size);
        break;
    }
  }
}

void ProcessSession::cancel() {
  cancelled_ = true;
  if (client_ != nullptr) client_->cancel();
  if (process_ != nullptr) process_->cancel();
}

}  // namespace skiff::server
