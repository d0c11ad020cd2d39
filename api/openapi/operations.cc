#include "api/openapi/operations.h"

#include "api/base/check.h"
#include "api/openapi/definitions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace skiff::api::openapi {
namespace {

using schema::Catalog;
using schema::Struct;
using Shape = Payload::Shape;

// The query parameters of each kind of request.
constexpr std::string_view kListQuery[] = {
    "allowWatchBookmarks",  "continue",          "fieldSelector",  "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"};
constexpr std::string_view kWriteQuery[] = {"dryRun", "fieldManager", "fieldValidation"};
constexpr std::string_view kPatchQuery[] = {"dryRun", "fieldManager", "fieldValidation", "force"};
constexpr std::string_view kDeleteQuery[] = {"dryRun", "gracePeriodSeconds",
                                             "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
                                             "propagationPolicy"};
constexpr std::string_view kDeleteCollectionQuery[] = {"continue",
                                                       "dryRun",
                                                       "fieldSelector",
                                                       "gracePeriodSeconds",
                                                       "ignoreStoreReadErrorWithClusterBreakingPotential",
                                                       "labelSelector",
                                                       "limit",
                                                       "orphanDependents",
                                                       "propagationPolicy",
                                                       "resourceVersion",
                                                       "resourceVersionMatch",
                                                       "sendInitialEvents",
                                                       "timeoutSeconds"};

// What a connection to a process or a port is asked with, by subresource.
struct Connection {
  std::string_view subresource;
  std::span<const std::string_view> query;
};
constexpr std::string_view kExecQuery[] = {"command", "container", "stderr", "stdin", "stdout", "tty"};
constexpr std::string_view kAttachQuery[] = {"container", "stderr", "stdin", "stdout", "tty"};
constexpr std::string_view kPortForwardQuery[] = {"ports"};
constexpr std::array kConnections{Connection{"exec", kExecQuery}, Connection{"attach", kAttachQuery},
                                  Connection{"portforward", kPortForwardQuery}};

// The status codes that come with an object.
constexpr std::string_view kOk[] = {"200"};
constexpr std::string_view kOkOrAccepted[] = {"200", "202"};
constexpr std::string_view kOkOrCreated[] = {"200", "201"};
constexpr std::string_view kOkCreatedOrAccepted[] = {"200", "201", "202"};

// How a verb of discovery appears in the document.
struct Verb {
  std::string_view name;
  std::string_view method;
  std::string_view action;
  std::string_view id_prefix;
  std::string_view description;  // followed by the kind
  bool on_collection;
};
constexpr std::array kVerbs{
    Verb{"list", "get", "list", "list", "List or watch objects of kind", true},
    Verb{"create", "post", "post", "create", "Create an object of kind", true},
    Verb{"deletecollection", "delete", "deletecollection", "delete", "Delete a collection of", true},
    Verb{"get", "get", "get", "read", "Read the specified", false},
    Verb{"update", "put", "put", "replace", "Replace the specified", false},
    Verb{"patch", "patch", "patch", "patch", "Partially update the specified", false},
    Verb{"delete", "delete", "delete", "delete", "Delete the specified", false},
};

bool contains(const std::vector<std::string>& verbs, std::string_view verb) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

std::string capitalized(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// The first label of the group, as in tags and operation IDs: "coordination" of "coordination.k8s.io".
std::string short_group(std::string_view group) {
  return group.empty() ? "core" : std::string(group.substr(0, group.find('.')));
}

// Makes the operations of one resource.
class ResourceOperations {
 public:
  ResourceOperations(const Catalog& catalog, const ServedResource& resource, std::vector<Operation>& operations)
      : catalog_(catalog),
        resource_(resource),
        type_(catalog.find_kind(resource.group, resource.version, resource.kind)),
        root_("/" + group_version_path(resource.group, resource.version) + "/"),
        collection_(root_ + (resource.namespaced ? "namespaces/{namespace}/" : "") + resource.plural),
        operations_(operations) {}

  void add() {
    if (type_ == nullptr) return;
    for (const Verb& verb : kVerbs) {
      if (!contains(resource_.verbs, verb.name)) continue;
      add_verb(verb);
    }
    if (resource_.namespaced && contains(resource_.verbs, "list")) add_list_of_all_namespaces();
    for (const ServedSubresource& subresource : resource_.subresources) add_subresource(subresource);
  }

 private:
  // What all operations of the resource have in common.
  Operation begin(const Verb& verb, std::string path, std::string_view id_suffix) const {
    Operation operation;
    operation.path = std::move(path);
    operation.method = verb.method;
    operation.action = verb.action;
    const std::string group = short_group(resource_.group);
    operation.id = std::string(verb.id_prefix) + capitalized(group) + capitalized(resource_.version);
    if (verb.action == "deletecollection") operation.id += "Collection";
    if (resource_.namespaced) operation.id += "Namespaced";
    operation.id += resource_.kind;
    operation.id += id_suffix;
    operation.tag = group + "_" + resource_.version;
    operation.group_version_path = group_version_path(resource_.group, resource_.version);
    operation.group = resource_.group;
    operation.version = resource_.version;
    operation.kind = resource_.kind;
    operation.description = std::string(verb.description) + " " + resource_.kind;
    return operation;
  }

  void add_verb(const Verb& verb) {
    Operation operation = begin(verb, verb.on_collection ? collection_ : collection_ + "/{name}", "");
    if (verb.name == "list") {
      operation.query = kListQuery;
      operation.response = Payload{Shape::kList, type_};
      operation.response_codes = kOk;
    } else if (verb.method == "delete") {
      operation.body = Payload{Shape::kType, catalog_.find(kDeleteOptionsType)};
      operation.body_required = false;
      operation.response = Payload{Shape::kType, catalog_.find(kStatusType)};
      if (verb.on_collection) {
        operation.query = kDeleteCollectionQuery;
        operation.response_codes = kOk;
      } else {
        operation.query = kDeleteQuery;
        operation.response_codes = kOkOrAccepted;
      }
    } else {
      describe_object_verb(verb, type_, operation);
    }
    operations_.push_back(std::move(operation));
  }

  // get, create, update and patch of an object of `type`; of text when it is null.
  static void describe_object_verb(const Verb& verb, const Struct* type, Operation& operation) {
    const Payload object{type == nullptr ? Shape::kText : Shape::kType, type};
    operation.response = object;
    operation.response_codes = kOk;
    if (verb.name == "create") {
      operation.query = kWriteQuery;
      operation.body = object;
      operation.response_codes = kOkCreatedOrAccepted;
    } else if (verb.name == "update") {
      operation.query = kWriteQuery;
      operation.body = object;
      operation.response_codes = kOkOrCreated;
    } else if (verb.name == "patch") {
      operation.query = kPatchQuery;
      operation.body = Payload{Shape::kPatch, nullptr};
      operation.response_codes = kOkOrCreated;
    }
  }

  void add_list_of_all_namespaces() {
    Operation operation = begin(kVerbs[0], root_ + resource_.plural, "ForAllNamespaces");
    operation.id = "list" + capitalized(short_group(resource_.group)) + capitalized(resource_.version) +
                   resource_.kind + "ForAllNamespaces";
    operation.query = kListQuery;
    operation.response = Payload{Shape::kList, type_};
    operation.response_codes = kOk;
    operations_.push_back(std::move(operation));
  }

  // A subresource that turns into a connection, by GET and by POST.
  void add_connection(const ServedSubresource& subresource, const Connection& connection) {
    for (const Verb& verb : kVerbs) {
      if (!contains(subresource.verbs, verb.name)) continue;
      const std::string suffix = capitalized(subresource.name);
      Operation operation = begin(verb, collection_ + "/{name}/" + subresource.name, suffix);
      operation.action = "connect";
      operation.id = "connect" + capitalized(short_group(resource_.group)) + capitalized(resource_.version);
      operation.id += capitalized(std::string(verb.method)) + (resource_.namespaced ? "Namespaced" : "");
      operation.id += resource_.kind + suffix;
      operation.description = "Connect to " + subresource.name + " of the specified " + resource_.kind;
      operation.group = subresource.group;
      operation.version = subresource.version;
      operation.kind = subresource.kind;
      operation.query = connection.query;
      operation.response = Payload{Shape::kText, nullptr};
      operation.response_codes = kOk;
      operations_.push_back(std::move(operation));
    }
  }

  void add_subresource(const ServedSubresource& subresource) {
    const auto* connection = std::ranges::find(kConnections, subresource.name, &Connection::subresource);
    if (connection != kConnections.end()) return add_connection(subresource, *connection);
    const bool own_kind = !subresource.kind.empty();
    // The log is text, although discovery calls it a Pod.
    const Struct* type = subresource.name == "log" ? nullptr : type_;
    if (own_kind && type != nullptr) {
      type = catalog_.find_kind(subresource.group, subresource.version, subresource.kind);
    }
    for (const Verb& verb : kVerbs) {
      if (!contains(subresource.verbs, verb.name) || verb.name == "list" || verb.method == "delete") continue;
      Operation operation = begin(verb, collection_ + "/{name}/" + subresource.name, capitalized(subresource.name));
      operation.description =
          capitalized(std::string(verb.id_prefix)) + " " + subresource.name + " of the specified " + resource_.kind;
      if (own_kind) {
        operation.group = subresource.group;
        operation.version = subresource.version;
        operation.kind = subresource.kind;
      }
      describe_object_verb(verb, type, operation);
      operations_.push_back(std::move(operation));
    }
  }

  const Catalog& catalog_;
  const ServedResource& resource_;
  const Struct* type_;
  const std::string root_;
  const std::string collection_;
  std::vector<Operation>& operations_;
};

}  // namespace

std::string group_version_path(std::string_view group, std::string_view version) {
  std::string path = group.empty() ? "api/" : "apis/" + std::string(group) + "/";
  return path.append(version);
}

std::vector<Operation> operations_of(const Catalog& catalog, std::span<const ServedResource> resources) {
  CHECK_INVARIANT(catalog.find(kDeleteOptionsType) != nullptr && catalog.find(kStatusType) != nullptr);
  std::vector<Operation> operations;
  for (const ServedResource& resource : resources) ResourceOperations(catalog, resource, operations).add();
  return operations;
}

}  // namespace skiff::api::openapi
