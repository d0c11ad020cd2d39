#pragma once

#include "api/base/json.h"
#include "api/resource.h"

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::controllers {

// Who owns whom, by uid, as the informers show it. It decides what must be looked at again after each change, and
// neither asks nor changes anything. Not thread-safe.
//
// An owner that is named but has not been seen is a *virtual* node: it may be on its way, or it may be gone, which
// somebody has to find out.
class OwnerGraph {
 public:
  struct Node {
    std::string uid;
    api::ResourceType type;
    api::NamespacedName name;
    std::string resource_version;
    // Null for none. The thousand pods of a ReplicaSet share one.
    std::shared_ptr<const Json> owners;
    bool is_virtual = false;
    bool being_deleted = false;
    bool has_orphan_finalizer = false;
    bool has_foreground_finalizer = false;

    [[nodiscard]] const Json& owner_references() const;
    // Foreground deletion: the object stays until its dependents are gone.
    [[nodiscard]] bool is_deleting_dependents() const { return being_deleted && has_foreground_finalizer; }
    [[nodiscard]] bool must_orphan_dependents() const { return being_deleted && has_orphan_finalizer; }
  };
  // Uids that need attention.
  struct Work {
    std::vector<std::string> collect;  // may have to be deleted, or to let its owner go
    std::vector<std::string> orphan;   // dependents must be set free
  };

  // `types` are all that owners can be of.
  explicit OwnerGraph(std::vector<api::ResourceType> types) : types_(std::move(types)) {}

  // The object is new or has changed.
  [[nodiscard]] Work observe(const api::ResourceType& type, const Json& object);
  // The object is gone for certain.
  [[nodiscard]] Work remove(const std::string& uid);

  // Null when it is not known.
  [[nodiscard]] const Node* find(const std::string& uid) const;
  [[nodiscard]] const std::set<std::string>& dependents(const std::string& uid) const;
  // The dependents that the owner's foreground deletion has to wait for (blockOwnerDeletion).
  [[nodiscard]] std::vector<std::string> blocking_dependents(const std::string& uid) const;
  // The type that an owner reference means, or null when it is none of ours.
  [[nodiscard]] const api::ResourceType* type_of(const Json& owner_reference) const;
  // The owner is where the dependent's reference says: of that kind and name, in the dependent's namespace or in none.
  // A reference to an object elsewhere is as good as one to nothing, even if the uid is right.
  [[nodiscard]] bool is_named_by(const Node& owner, const Json& owner_reference, const Node& dependent) const;

 private:
  // Those of the object, as a sibling has them, if one has the same.
  [[nodiscard]] std::shared_ptr<const Json> owners_of(const Json& object) const;
  void link_owners(const Node& node, Work& work);
  void unlink_owners(const Node& node, Work& work);
  void add_virtual(const Node& dependent, const Json& owner_reference, Work& work);

  std::vector<api::ResourceType> types_;
  std::unordered_map<std::string, Node> nodes_;
  std::unordered_map<std::string, std::set<std::string>> dependents_;  // by the owner's uid
};

}  // namespace skiff::controllers
