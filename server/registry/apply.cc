#include "api/managed_fields/scale.h"
#include "server/registry/address.h"
#include "server/registry/impl.h"

namespace skiff::server {

namespace {

constexpr const char* kScaleKind = "Scale";

// Upstream's "apps/v1, Kind=Deployment", with nothing before the slash for the core group.
std::string type_text(const std::string& api_version, const std::string& kind) {
  const bool has_group = api_version.find('/') != std::string::npos;
  return (has_group ? "" : "/") + api_version + ", Kind=" + kind;
}

api::Result<void> check_configuration(const ServedKind& kind, const std::string& subresource,
                                      const Json& configuration) {
  const bool is_scale = subresource == "scale";
  const std::string version = is_scale ? api::managed_fields::kScaleVersion : kind.version->api_version();
  const std::string& name = is_scale ? kScaleKind : kind.kind->kind;
  const std::string own_version = string_at(configuration, {"apiVersion"});
  const std::string own_kind = string_at(configuration, {"kind"});
  if (own_version != version || own_kind != name) {
    return api::bad_request("invalid object type: " + type_text(own_version, own_kind));
  }
  const Json* managers = find(configuration, {"metadata", "managedFields"});
  if (managers != nullptr && !managers->is_null()) return api::bad_request("metadata.managedFields must be nil");
  return {};
}

api::Result<void> report_duplicates(CallContext& context, const WriteParams& params) {
  std::string list;
  for (const std::string& field : params.duplicate_fields) {
    const std::string finding = "duplicate field " + to_json_text(field);
    if (params.field_validation == FieldValidation::kWarn) context.warn(finding);
    list += (list.empty() ? "" : ", ") + finding;
  }
  if (list.empty() || params.field_validation != FieldValidation::kStrict) return {};
  return api::bad_request("error strict decoding YAML: " + list);
}

api::Status uid_mismatch(const Kind& kind, const std::string& name, const std::string& uid) {
  return api::conflict(kind.group(), kind.plural, name,
                       "uid mismatch: the provided object specified uid " + uid + ", and no existing object was found");
}

}  // namespace

// One server-side apply, for the closure that may have to repeat it.
struct Registry::Impl::Apply {
  const Impl& impl;
  CallContext& context;
  const ServedKind& kind;
  const api::NamespacedName& name;
  const std::string& subresource;
  const Json& configuration;
  const WriteParams& params;
  FieldManager fields;

  struct Wanted {
    Json object;  // of the storage version
    ManagedFields managed_fields;
  };

  // What the configuration makes of `current`, which may be null.
  [[nodiscard]] api::Result<Wanted> object(std::string_view stored, const Json* current) const {
    auto applied = fields.apply(stored, current, configuration, params.force);
    if (!applied) return applied.error();
    if (auto reported = report_duplicates(context, params); !reported) return reported.error();
    auto decoded = impl.decode(context, kind, std::move(applied->document), WriteParams());
    if (!decoded) return decoded.error();
    if (auto taken = take_address(*kind.kind, name, *decoded); !taken) return taken.error();
    return Wanted{std::move(*decoded), std::move(applied->managed_fields)};
  }

  [[nodiscard]] api::Result<Wanted> scaled(std::string_view stored, const Json& current) const {
    auto applied =
        fields.apply_scale(impl.scale_type(), stored, scale_document(*kind.kind, current), configuration, params.force);
    if (!applied) return applied.error();
    if (auto reported = report_duplicates(context, params); !reported) return reported.error();
    auto object = with_scale(current, applied->document);
    if (!object) return object.error();
    return Wanted{std::move(*object), std::move(applied->managed_fields)};
  }

  [[nodiscard]] api::Result<Decision> decide(const store::Record& record, Json current) const {
    const std::string_view stored = managed_fields_of(record);
    auto wanted = subresource == "scale" ? scaled(stored, current) : object(stored, &current);
    if (!wanted) return wanted.error();
    return impl.replace(context, *kind.kind, name, subresource, record, current, std::move(wanted->object),
                        std::move(wanted->managed_fields));
  }
};

Task<api::Result<Registry::Written>> Registry::Impl::apply(CallContext& context, ServedKind kind,
                                                           api::NamespacedName name, std::string subresource,
                                                           Json configuration, WriteParams params) {
  if (auto checked = check_configuration(kind, subresource, configuration); !checked) co_return checked.error();
  const FieldManager fields(kind, subresource, context, clock.now());
  const Apply apply{*this, context, kind, name, subresource, configuration, params, fields};
  const Decide decide = [&apply](const store::Record& record, Json current) {
    return apply.decide(record, std::move(current));
  };
  const std::string key = key_of(*kind.kind, name);
  api::Status lost_race;
  for (int attempt = 0; attempt <= kMaxConflictRetries; ++attempt) {
    if (!subresource.empty() || store.get(key)) {
      auto modified = co_await modify(context, *kind.kind, name, decide);
      if (modified) co_return Written{modified->record, false};
      lost_race = modified.error();
      if (!subresource.empty() || lost_race.reason != api::Reason::kNotFound) co_return lost_race;
      continue;
    }
    auto wanted = apply.object("", nullptr);
    if (!wanted) co_return wanted.error();
    if (const std::string uid = string_at(wanted->object, {"metadata", "uid"}); !uid.empty()) {
      co_return uid_mismatch(*kind.kind, name.name, uid);
    }
    auto created = co_await create(context, *kind.kind, name.namespace_, std::move(wanted->object),
                                   std::move(wanted->managed_fields));
    if (created) co_return Written{*created, true};
    lost_race = created.error();
    if (lost_race.reason != api::Reason::kAlreadyExists) co_return lost_race;
  }
  co_return lost_race;
}

}  // namespace skiff::server
