#pragma once

#include "nodeagent/pressure/pod_use.h"
#include "nodeagent/volumes/pod_files.h"

namespace skiff::nodeagent {

// Adds what a pod and its containers have on the disk: what containers wrote over their images, logs, and volumes that
// are not file systems of their own. Walks all of it, so only for when the disk is short. Blocks.
void measure_disk_use(PodUse& pod, const PodFiles& files);

}  // namespace skiff::nodeagent
