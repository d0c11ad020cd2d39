#include "nodeagent/pods/container_config.h"

#include "nodeagent/pods/environment.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/qos.h"
#include "nodeagent/pods/sandbox_config.h"
#include "nodeagent/pods/security.h"

namespace skiff::nodeagent {

namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void set_variable(Environment& environment, const std::string& name, std::string value) {
  for (auto& [known, old] : environment) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  environment.emplace_back(name, std::move(value));
}

// The container's variables over the image's over what every process gets.
Environment over_image(const Environment& own, const ImageConfig& image, const std::string& hostname) {
  Environment environment{{"PATH", kDefaultPath}, {"HOSTNAME", hostname}};
  for (const std::string& variable : image.environment) {
    const std::size_t equals = variable.find('=');
    if (equals != std::string::npos) set_variable(environment, variable.substr(0, equals), variable.substr(equals + 1));
  }
  for (const auto& [name, value] : own) set_variable(environment, name, value);
  return environment;
}

std::vector<std::string> string_list(const Json& container, std::string_view member) {
  std::vector<std::string> list;
  if (const Json* found = find(container, {member})) {
    for (const Json& element : *found) list.push_back(element.get<std::string>());
  }
  return list;
}

}  // namespace

std::vector<std::string> make_arguments(const Json& container, const ImageConfig& image,
                                        const Environment& environment) {
  const auto lookup = [&environment](const std::string& name) -> const std::string* {
    for (const auto& [known, value] : environment) {
      if (known == name) return &value;
    }
    return nullptr;
  };
  std::vector<std::string> command = string_list(container, "command");
  std::vector<std::string> arguments = string_list(container, "args");
  for (std::string& word : command) word = expand_variables(word, lookup);
  for (std::string& word : arguments) word = expand_variables(word, lookup);
  if (command.empty()) {
    if (arguments.empty()) arguments = image.command;
    command = image.entrypoint;
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Result<ContainerConfig> make_container_config(const ContainerInputs& inputs) {
  const Json& pod = *inputs.pod;
  const Json* container = find_container(pod, inputs.name);
  if (container == nullptr) return Error{ErrorCode::kInvalid, "container " + inputs.name + " not found"};
  const DownwardFacts facts{inputs.pod_ip, inputs.node.host_ip, inputs.capacity};
  auto own = make_environment(pod, *container, inputs.configs, facts);
  if (!own) return own.error();
  auto security = make_security(pod, *container, inputs.image.config, inputs.users);
  if (!security) return security.error();

  ContainerConfig config;
  config.name = inputs.name;
  config.attempt = inputs.attempt;
  config.image = inputs.image;
  config.image_reference = string_at(*container, {"image"});
  config.arguments = make_arguments(*container, inputs.image.config, *own);
  if (config.arguments.empty()) return Error{ErrorCode::kInvalid, "no command specified"};
  config.environment = over_image(*own, inputs.image.config, pod_hostname(pod));
  config.working_directory = string_at(*container, {"workingDir"}, inputs.image.config.working_directory);
  config.resources = make_resources(*container);
  config.oom_score_adj = oom_score(pod, *container, inputs.capacity);
  config.security = std::move(*security);
  config.stdin_open = bool_at(*container, {"stdin"});
  config.stdin_once = bool_at(*container, {"stdinOnce"});
  config.tty = bool_at(*container, {"tty"});
  config.target_container_id = inputs.target_container_id;
  return config;
}

}  // namespace skiff::nodeagent
