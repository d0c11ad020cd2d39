#include "api/quota/usage.h"
#include "server/admission/plugins.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

namespace skiff::server {

namespace {

using api::Quantity;
using api::ResourceAmounts;
using api::quota::CountedKind;

// What a change is to the quotas of its namespace.
struct Counted {
  CountedKind kind;
  Json before;  // null: the object is new
  const Json* after = nullptr;
  // Upstream refuses what is created, and what a Service or a claim becomes; other changes only count.
  bool enforced = false;
};

// A quota's record and what it says.
struct Quota {
  const store::Record& record;
  Json document;
  std::string name;
  ResourceAmounts hard;  // as far as objects of the kind use it
  ResourceAmounts used;
};

api::Result<Quota> read_quota(const store::Record& record, const CountedKind& kind) {
  auto document = to_bare_document(record);
  if (!document) return document.error();
  Quota quota{record, std::move(*document), "", {}, {}};
  quota.name = string_at(quota.document, {"metadata", "name"});
  quota.hard = api::resource_amounts(find(quota.document, {"status", "hard"}));
  std::erase_if(quota.hard, [&](const auto& entry) { return !api::quota::uses(kind, entry.first); });
  quota.used = api::resource_amounts(find(quota.document, {"status", "used"}));
  return quota;
}

// "pods=1,requests.cpu=500m", of those resources that `names` has.
std::string listed(const ResourceAmounts& amounts, const ResourceAmounts& names) {
  std::string text;
  for (const auto& [name, unused] : names) {
    const auto found = amounts.find(name);
    const Quantity amount = found == amounts.end() ? Quantity() : found->second;
    text += (text.empty() ? "" : ",") + name + "=" + amount.to_string();
  }
  return text;
}

// Why the quota cannot count the object; empty when it can.
std::string constraint(const Quota& quota, const Counted& change) {
  if (change.kind.group.empty() && change.kind.plural == "pods") {
    const std::string missing = api::quota::missing_amounts(*change.after, quota.hard);
    if (!missing.empty()) return "failed quota: " + quota.name + ": must specify " + missing;
  }
  std::string unknown;
  for (const auto& [name, amount] : quota.hard) {
    if (!quota.used.contains(name)) unknown += (unknown.empty() ? "" : ",") + name;
  }
  if (unknown.empty()) return "";
  return "status unknown for quota: " + quota.name + ", resources: " + unknown;
}

// How much more of each resource is used after the change; less than nothing for what becomes free.
ResourceAmounts difference(const Quota& quota, const Counted& change, TimePoint now) {
  const auto usage = [&](const Json* object) {
    const bool counts = object != nullptr && api::quota::matches_scopes(quota.document, change.kind, *object);
    return counts ? api::quota::usage_of(change.kind, *object, now) : ResourceAmounts();
  };
  const ResourceAmounts before = usage(change.before.is_null() ? nullptr : &change.before);
  const ResourceAmounts after = usage(change.after);
  ResourceAmounts difference;
  for (const auto& [name, hard] : quota.hard) {
    Quantity amount;
    if (const auto found = after.find(name); found != after.end()) amount += found->second;
    if (const auto found = before.find(name); found != before.end()) amount -= found->second;
    if (!amount.is_zero()) difference.emplace(name, amount);
  }
  return difference;
}

// Why the quota does not have as much left; empty when it has.
std::string excess(const Quota& quota, const ResourceAmounts& requested) {
  ResourceAmounts exceeded;
  for (const auto& [name, amount] : requested) {
    Quantity total = quota.used.contains(name) ? quota.used.at(name) : Quantity();
    total += amount;
    if (!amount.is_negative() && total > quota.hard.at(name)) exceeded.emplace(name, amount);
  }
  if (exceeded.empty()) return "";
  return "exceeded quota: " + quota.name + ", requested: " + listed(requested, exceeded) +
         ", used: " + listed(quota.used, exceeded) + ", limited: " + listed(quota.hard, exceeded);
}

// The quota's record with its new use. What was never counted cannot become free.
store::Write charged(Quota quota, const ResourceAmounts& difference) {
  for (const auto& [name, amount] : difference) {
    const auto used = quota.used.find(name);
    if (used == quota.used.end()) continue;
    Quantity total = used->second;
    total += amount;
    quota.document["status"]["used"][name] = total.is_negative() ? "0" : total.to_string();
  }
  ObjectBytes bytes = to_bytes(quota.document, managed_fields_of(quota.record));
  store::Write write;
  write.key = quota.record.key;
  write.expected = quota.record.mod_revision;
  write.value = std::move(bytes.value);
  write.revision_offset = bytes.revision_offset;
  write.attributes = quota.record.attributes;
  return write;
}

// Counts every change of an object in the same commit as the change itself, so that a quota is never exceeded, whoever
// writes at the same time, and status.used is never behind. The quota controller sets what is to be enforced
// (status.hard) and counts what was there before.
class ResourceQuota final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> charge(const RecordChange& change, const Registry& registry,
                                         std::vector<store::Write>& charges) const override {
    const CountedKind kind{change.kind.group(), change.kind.plural};
    if (!change.kind.namespaced || !api::quota::is_counted(kind)) return {};
    const auto page = registry.list(registry.kinds().find(api::kResourceQuotas), change.name.namespace_, ListParams());
    if (!page) return page.error();
    if (page->records.empty()) return {};

    const bool can_grow = kind.plural == "services" || kind.plural == "persistentvolumeclaims";
    Counted counted{kind, Json(), change.object, change.old_record == nullptr || can_grow};
    if (change.old_record != nullptr) {
      auto before = to_document(*change.old_record);
      if (!before) return before.error();
      counted.before = std::move(*before);
    }
    const auto quotas = concerned(page->records, change, counted);
    if (!quotas) return quotas.error();
    return count(*quotas, change, counted, registry.clock().now(), charges);
  }

 private:
  // Those that have something to say about the object before or after the change.
  static api::Result<std::vector<Quota>> concerned(const std::vector<store::RecordPtr>& records,
                                                   const RecordChange& change, const Counted& counted) {
    std::vector<Quota> quotas;
    for (const store::RecordPtr& record : records) {
      auto quota = read_quota(*record, counted.kind);
      if (!quota) return quota.error();
      // A quota does not count itself away.
      const bool is_object = counted.kind.plural == api::kResourceQuotas.plural && quota->name == change.name.name;
      if (!is_object && !quota->hard.empty()) quotas.push_back(std::move(*quota));
    }
    return quotas;
  }

  static api::Result<void> count(const std::vector<Quota>& quotas, const RecordChange& change, const Counted& counted,
                                 TimePoint now, std::vector<store::Write>& charges) {
    const auto refuse = [&](const std::string& why) {
      return api::forbidden(change.kind.group(), change.kind.plural, change.name.name, why);
    };
    const bool enforced = counted.enforced && counted.after != nullptr;
    for (const Quota& quota : quotas) {
      if (!enforced || !api::quota::matches_scopes(quota.document, counted.kind, *counted.after)) continue;
      if (const std::string why = constraint(quota, counted); !why.empty()) return refuse(why);
    }
    for (const Quota& quota : quotas) {
      const ResourceAmounts requested = difference(quota, counted, now);
      if (requested.empty()) continue;
      if (const std::string why = enforced ? excess(quota, requested) : ""; !why.empty()) return refuse(why);
      charges.push_back(charged(quota, requested));
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> resource_quota() { return std::make_unique<ResourceQuota>(); }

}  // namespace skiff::server
