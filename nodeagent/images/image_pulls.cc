#include "nodeagent/images/image_pulls.h"

#include <optional>
#include <set>

namespace skiff::nodeagent {

struct ImagePulls::Fetch {
  Key key;
  std::stop_source stop;
  std::optional<Result<Image>> result;
  std::set<const Signal*> waiting;
};

Task<Result<Image>> ImagePulls::pull(std::string reference, RegistryCredentials credentials, std::stop_token stop) {
  if (stop.stop_requested()) co_return pull_canceled();
  const auto fetch = join_or_begin(reference, credentials);
  Signal woken(executor_);
  fetch->waiting.insert(&woken);
  {
    const std::stop_callback wake(stop, woken.notifier());
    while (!fetch->result && !stop.stop_requested()) co_await woken.wait();
  }
  fetch->waiting.erase(&woken);
  if (fetch->result) co_return *fetch->result;
  if (fetch->waiting.empty()) {
    fetch->stop.request_stop();
    forget(fetch);
  }
  co_return pull_canceled();
}

std::shared_ptr<ImagePulls::Fetch> ImagePulls::join_or_begin(const std::string& reference,
                                                             const RegistryCredentials& credentials) {
  Key key{reference, credentials.username, credentials.password};
  std::shared_ptr<Fetch>& fetch = under_way_[key];
  if (!fetch) {
    fetch = std::make_shared<Fetch>();
    fetch->key = std::move(key);
    fetches_.spawn(run(reference, credentials, fetch));
  }
  return fetch;
}

Task<void> ImagePulls::run(std::string reference, RegistryCredentials credentials, std::shared_ptr<Fetch> fetch) {
  auto work = [images = &images_, reference, credentials, stop = fetch->stop.get_token()] {
    return images->pull(reference, credentials, stop);
  };
  auto fetched = co_await run_blocking(pool_, std::move(work));
  fetch->result = std::move(fetched);
  forget(fetch);
  for (const Signal* waiting : fetch->waiting) waiting->notify();
}

void ImagePulls::forget(const std::shared_ptr<Fetch>& fetch) {
  const auto found = under_way_.find(fetch->key);
  if (found != under_way_.end() && found->second == fetch) under_way_.erase(found);
}

Task<void> ImagePulls::stop() {
  for (const auto& [key, fetch] : under_way_) fetch->stop.request_stop();
  co_await fetches_.join();
}

}  // namespace skiff::nodeagent
