#include "scheduler/plugins/resources_fit/resources_fit.h"

namespace skiff::scheduler {

namespace {

std::int64_t amount_of(const Resources& resources, const std::string& name) {
  const auto found = resources.others.find(name);
  return found == resources.others.end() ? 0 : found->second;
}

// What is not asked for is never missing, even on a node that is overcommitted.
bool lacks(std::int64_t wanted, std::int64_t allocatable, std::int64_t requested) {
  return wanted > 0 && wanted > allocatable - requested;
}

}  // namespace

Verdict fits_resources(const PodInfo& pod, const NodeInfo& node) {
  const Resources& wanted = pod.requests;
  const Resources& has = node.allocatable();
  const Resources& used = node.requested();
  std::vector<std::string> missing;
  if (node.pod_count() + 1 > node.allowed_pods()) missing.emplace_back("Too many pods");
  if (lacks(wanted.milli_cpu, has.milli_cpu, used.milli_cpu)) missing.emplace_back("Insufficient cpu");
  if (lacks(wanted.memory, has.memory, used.memory)) missing.emplace_back("Insufficient memory");
  if (lacks(wanted.ephemeral_storage, has.ephemeral_storage, used.ephemeral_storage)) {
    missing.emplace_back("Insufficient ephemeral-storage");
  }
  for (const auto& [name, amount] : wanted.others) {
    if (lacks(amount, amount_of(has, name), amount_of(used, name))) missing.push_back("Insufficient " + name);
  }
  if (missing.empty()) return Verdict::yes();
  return Verdict::no(std::move(missing));
}

}  // namespace skiff::scheduler
