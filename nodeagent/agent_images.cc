// What a NodeAgent tells the garbage collection of images, and what it does with what that tells.
#include "nodeagent/agent.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

void add_name(ImageNames& names, const std::string& reference) {
  if (auto name = normal_image_name(reference)) names.insert(std::move(*name));
}

}  // namespace

std::optional<ImageNames> NodeAgent::images_in_use() const {
  if (!all_pods_known()) return std::nullopt;
  ImageNames names;
  for (const ContainerStatus& container : runtime_.snapshot().containers) add_name(names, container.image_id);
  // Of pods that are about to start containers, too.
  for (const auto& [uid, worker] : workers_) {
    const api::ObjectPtr pod = worker->pod();
    for (const Json* list : {&init_containers_of(*pod), &containers_of(*pod), &ephemeral_containers_of(*pod)}) {
      for (const Json& container : *list) add_name(names, string_at(container, {"image"}));
    }
  }
  return names;
}

Task<void> NodeAgent::start_image_collection() {
  if (!options_.images) co_return;
  ImageCollector::Owner owner;
  owner.images_in_use = [this] { return images_in_use(); };
  owner.images_seen = [this](const std::vector<Image>& images) {
    if (registration_) registration_->set_images(list_images(images));
  };
  owner.warn = [this](std::string reason, std::string message) { warn(std::move(reason), std::move(message)); };
  image_collector_ =
      std::make_unique<ImageCollector>(images_, clock_, executor_, pool_, *options_.images, std::move(owner));
  co_await image_collector_->start();
}

}  // namespace skiff::nodeagent
