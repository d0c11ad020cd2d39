#pragma once

#include "api/base/task.h"
#include "nodeagent/images/image.h"

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <tuple>

namespace skiff::nodeagent {

// The pulls of a node. An image is fetched once, however many pods wait for it: those that ask with the same
// credentials while it is under way join in.
//
// Concurrency: everything on the executor given. The store works on the pool given, which pulls may occupy for minutes.
// It will not: decide whether an image has to be fetched, or when to try again.
class ImagePulls {
 public:
  // All must outlive it.
  ImagePulls(ImageStore& images, asio::any_io_executor executor, asio::thread_pool& pool)
      : images_(images), executor_(executor), pool_(pool), fetches_(executor) {}

  // The image, fetched. Errors are the store's; kUnavailable at once when `stop` is requested. What nobody waits for
  // any more is not fetched to its end.
  Task<Result<Image>> pull(std::string reference, RegistryCredentials credentials, std::stop_token stop);

  // Ends what is under way; returns when none of the pool's threads works on it any more. Nothing is asked for after.
  Task<void> stop();

 private:
  struct Fetch;
  using Key = std::tuple<std::string, std::string, std::string>;  // reference, user name, password

  std::shared_ptr<Fetch> join_or_begin(const std::string& reference, const RegistryCredentials& credentials);
  Task<void> run(std::string reference, RegistryCredentials credentials, std::shared_ptr<Fetch> fetch);
  void forget(const std::shared_ptr<Fetch>& fetch);

  ImageStore& images_;
  asio::any_io_executor executor_;
  asio::thread_pool& pool_;
  TaskGroup fetches_;
  std::map<Key, std::shared_ptr<Fetch>> under_way_;
};

}  // namespace skiff::nodeagent
