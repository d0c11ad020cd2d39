#include "scheduler/domain_counts.h"

#include <algorithm>

namespace skiff::scheduler {

void DomainCounts::set(const NodeInfo* node, const std::string* value, bool counts, std::int64_t amount) {
  Member now{nullptr, counts ? amount : 0, counts};
  if (value != nullptr) {
    const auto [domain, is_new] = domains_.try_emplace(*value);
    if (is_new) domain->second.id = ++last_id_;
    now.domain = &*domain;
  }
  Member& member = members_[node];
  const Member before = member;
  member = now;
  // In this order, so that a domain that it stays in is not emptied meanwhile.
  if (now.domain != nullptr) enter(node, now);
  if (before.domain != nullptr) leave(node, before);
}

void DomainCounts::erase(const NodeInfo* node) {
  const auto known = members_.find(node);
  if (known == members_.end()) return;
  const Member member = known->second;
  members_.erase(known);
  if (member.domain != nullptr) leave(node, member);
}

const DomainCounts::Domain* DomainCounts::domain_of(const NodeInfo* node) const {
  const auto known = members_.find(node);
  return known == members_.end() || known->second.domain == nullptr ? nullptr : &known->second.domain->second;
}

void DomainCounts::enter(const NodeInfo* node, const Member& member) {
  Domain& domain = member.domain->second;
  ++domain.nodes;
  if (narrow_) domain.members.push_back(node);
  change(domain, member.amount, member.counts ? 1 : 0);
}

void DomainCounts::leave(const NodeInfo* node, const Member& member) {
  Domain& domain = member.domain->second;
  --domain.nodes;
  if (narrow_) domain.members.erase(std::find(domain.members.begin(), domain.members.end(), node));
  change(domain, -member.amount, member.counts ? -1 : 0);
  if (domain.nodes == 0) {
    const std::string value = member.domain->first;
    domains_.erase(value);
  }
}

void DomainCounts::change(Domain& domain, std::int64_t amount, std::ptrdiff_t counted_nodes) {
  if (domain.counted_nodes > 0) {
    const auto counted = by_count_.find(domain.count);
    if (--counted->second == 0) by_count_.erase(counted);
    --size_;
  }
  domain.count += amount;
  total_ += amount;
  domain.counted_nodes += static_cast<std::size_t>(counted_nodes);
  if (domain.counted_nodes > 0) {
    ++by_count_[domain.count];
    ++size_;
  }
}

}  // namespace skiff::scheduler
