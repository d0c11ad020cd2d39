#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace skiff::api::protobuf {

// What kubectl really sends for a command: v1.32 in hexadecimal, and the JSON of v1.28 for the same.
struct KubectlBody {
  const char* command;
  const char* protobuf;
  const char* json;
};

inline constexpr KubectlBody kKubectlBodies[] = {
    {"create configmap x --from-literal=a=b",
     "6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a017812001a0022002a0032003800420012060a01611201621a00"
     "2200",
     R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null},"data":{"a":")"
     R"(b"}})"},
    {"create secret generic x --from-literal=a=b",
     "6b3873000a0c0a0276311206536563726574121d0a110a017812001a0022002a0032003800420012060a01611201621a001a0022"
     "00",
     R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null},"data":{"a":"Yg=)"
     R"(="}})"},
    {"create namespace x",
     "6b3873000a0f0a02763112094e616d65737061636512190a110a017812001a0022002a0032003800420012001a020a001a002200",
     R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null},"spec":{},"st)"
     R"(atus":{}})"},
    {"create serviceaccount x",
     "6b3873000a140a027631120e536572766963654163636f756e7412130a110a017812001a0022002a003200380042001a002200",
     R"({"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null}})"},
    {"create deployment x --image=i --port=80",
     "6b3873000a150a07617070732f7631120a4465706c6f796d656e7412a7010a1b0a017812001a0022002a003200380042005a080a"
     "03617070120178127a0801120a0a080a036170701201781a620a1a0a0012001a0022002a003200380042005a080a036170701201"
     "78124412260a01691201692a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052"
     "005800600068008201008a01009a0100c2010022020a00280038001a0c0800100018002000280038001a002200",
     R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"x","creationTimestamp":null,"labels")"
     R"(:{"app":"x"}},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"c)"
     R"(reationTimestamp":null,"labels":{"app":"x"}},"spec":{"containers":[{"name":"i","image":"i","ports":[)"
     R"({"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}})"},
    {"create token sa --duration=1h",
     "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374121d0a100a00"
     "12001a0022002a00320038004200120320901c1a040a0012001a002200",
     R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null})"
     R"(,"spec":{"audiences":null,"expirationSeconds":3600,"boundObjectRef":null},"status":{"token":"","expi)"
     R"(rationTimestamp":null}})"},
    {"drain n1 --force --disable-eviction", "6b3873000a130a027631120d44656c6574654f7074696f6e7312001a002200",
     R"({"kind":"DeleteOptions","apiVersion":"v1"})"},
};

inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

inline const KubectlBody& kubectl_body(std::string_view command) {
  for (const KubectlBody& body : kKubectlBodies) {
    if (body.command == command) return body;
  }
  throw std::out_of_range("no such command");
}

}  // namespace skiff::api::protobuf
