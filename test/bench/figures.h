#pragma once

#include <chrono>
#include <vector>

// How the benchmarks read the costs of a process, and what they make of many latencies.
namespace skiff::bench {

using Seconds = std::chrono::duration<double>;

[[nodiscard]] double milliseconds(Seconds time);

// The latency, in milliseconds, below which `part` of them lie (nearest rank). Sorts them; there must be some.
[[nodiscard]] double percentile(std::vector<Seconds>& latencies, double part);

// The CPU time of this process, to the nanosecond, and of another one, in the kernel's ticks of 10 ms.
[[nodiscard]] Seconds own_cpu();
[[nodiscard]] Seconds cpu_of(int pid);

// What the process has in memory.
[[nodiscard]] double memory_mib(int pid);

}  // namespace skiff::bench
