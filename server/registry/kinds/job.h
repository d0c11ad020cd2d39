#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string>

// The parts of a Job's validation; each has a file of its own.
namespace skiff::server {

// Beyond which a Job has to say how many may fail, and of what its parallelism is limited.
inline constexpr std::int64_t kManyCompletions = 100'000;

// The template of a Job's specification, which stands at `path`: its pods must come to an end.
void validate_job_template(const Json& spec, const std::string& path, api::FieldErrors& errors);

// spec.podFailurePolicy, spec.podReplacementPolicy and spec.successPolicy.
void validate_job_policies(const Json& spec, api::FieldErrors& errors);

// status as it may follow on another.
void validate_job_status(const Json& object, const Json& old_object, api::FieldErrors& errors);

[[nodiscard]] bool is_indexed_job(const Json& spec);

}  // namespace skiff::server
