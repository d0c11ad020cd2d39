#pragma once

namespace skiff {

// From now on this process and its children may have as many descriptors as the hard limit allows: every connection,
// watch of a log and container takes some, and the usual soft limit of 1024 would end at a thousand watchers.
void raise_descriptor_limit();

}  // namespace skiff
