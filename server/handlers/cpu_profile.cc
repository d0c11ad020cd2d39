#include "server/handlers/cpu_profile.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace skiff::server {

namespace {

constexpr const char* kProfilerLibrary = "libprofiler.so.0";

// What we use of the library (gperftools/profiler.h).
struct Profiler {
  int (*start)(const char* file) = nullptr;  // 0: it cannot
  void (*stop)() = nullptr;
};

// Null when it is not installed. It is never unloaded: a last signal may be on its way to it.
const Profiler* load_profiler() {
  static std::mutex mutex;
  static Profiler profiler;
  const std::lock_guard lock(mutex);
  if (profiler.stop != nullptr) return &profiler;
  void* library = ::dlopen(kProfilerLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  profiler.start = reinterpret_cast<int (*)(const char*)>(::dlsym(library, "ProfilerStart"));
  profiler.stop = reinterpret_cast<void (*)()>(::dlsym(library, "ProfilerStop"));
  return profiler.start != nullptr && profiler.stop != nullptr ? &profiler : nullptr;
}

// The library opens the file for itself, and children would inherit that: containers' shims live for long.
void keep_from_children(int file) {
  struct stat wanted {};
  if (::fstat(file, &wanted) != 0) return;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    struct stat found {};
    const bool is_same = ::fstat(fd, &found) == 0 && found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
    if (is_same) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

std::string read_from_start(int file) {
  std::string text;
  std::array<char, 64 * 1024> buffer;
  for (ssize_t size; (size = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

api::Status no_profile(api::Reason reason, std::string message) {
  api::Status status;
  status.reason = reason;
  status.message = std::move(message);
  return status;
}

}  // namespace

api::Result<std::unique_ptr<CpuProfile>> CpuProfile::start() {
  const Profiler* profiler = load_profiler();
  if (profiler == nullptr) {
    return no_profile(api::Reason::kServiceUnavailable,
                      fmt::format("{} is missing: install Debian's package libgoogle-perftools4", kProfilerLibrary));
  }
  UniqueFd file(::memfd_create("profile", MFD_CLOEXEC));
  if (!file) return no_profile(api::Reason::kInternalError, fmt::format("memfd_create: {}", std::strerror(errno)));
  const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  if (profiler->start(path.c_str()) == 0) {
    return no_profile(api::Reason::kConflict, "another profile is being taken");
  }
  keep_from_children(file.get());
  return std::unique_ptr<CpuProfile>(new CpuProfile(std::move(file)));
}

CpuProfile::~CpuProfile() {
  if (!is_finished_) load_profiler()->stop();
}

std::string CpuProfile::finish() {
  is_finished_ = true;
  load_profiler()->stop();
  return read_from_start(file_.get());
}

}  // namespace skiff::server
