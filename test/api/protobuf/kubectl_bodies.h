#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace skiff::api::protobuf {

// What kubectl really sends for a command: v1.32 in hexadecimal, and the JSON for the same.
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
    {"create service nodeport x --tcp=80:8080 --node-port=30080",
     "6b3873000a0d0a02763112075365727669636512640a1b0a017812001a0022002a003200380042005a080a036170701201781241"
     "0a1d0a0738302d38303830120354435018502207080010903f1a002880eb0112080a036170701201781a0022084e6f6465506f72"
     "743a00420052005a00600068001a020a001a002200",
     R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null,"labels":{"app":)"
     R"("x"}},"spec":{"ports":[{"name":"80-8080","protocol":"TCP","port":80,"targetPort":8080,"nodePort":300)"
     R"(80}],"selector":{"app":"x"},"type":"NodePort"},"status":{"loadBalancer":{}}})"},
    {"create quota x --hard=cpu=1,pods=2 --scopes=BestEffort",
     "6b3873000a130a027631120d5265736f7572636551756f7461123c0a110a017812001a0022002a0032003800420012250a0a0a03"
     "63707512030a01310a0b0a04706f647312030a0132120a426573744566666f72741a001a002200",
     R"({"kind":"ResourceQuota","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null},"spec":{")"
     R"(hard":{"cpu":"1","pods":"2"},"scopes":["BestEffort"]},"status":{}})"},
    {"create poddisruptionbudget x --selector=a=b --min-available=50%",
     "6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e42756467657412360a110a017812001a0022002a"
     "0032003800420012150a09080110001a0335302512080a060a01611201621a0a080018002000280030001a002200",
     R"({"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"x","creationTimestamp":nu)"
     R"(ll},"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}},"status":{"disruptionsAllowed)"
     R"(":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}})"},
    {"create priorityclass x --value=-5 --preemption-policy=Never",
     "6b3873000a250a147363686564756c696e672e6b38732e696f2f7631120d5072696f72697479436c61737312290a110a01781200"
     "1a0022002a0032003800420010fbffffffffffffffff01180022002a054e657665721a002200",
     R"({"kind":"PriorityClass","apiVersion":"scheduling.k8s.io/v1","metadata":{"name":"x","creationTimestam)"
     R"(p":null},"value":-5,"preemptionPolicy":"Never"})"},
    {"create job x --image=i -- sleep 1",
     "6b3873000a0f0a0862617463682f763112034a6f62127c0a110a017812001a0022002a00320038004200125d325b0a100a001200"
     "1a0022002a00320038004200124712240a01781201691a05736c6565701a01312a0042006a007200800100880100900100a20100"
     "1a054e65766572320042004a0052005800600068008201008a01009a0100c201001a082000280030003a001a002200",
     R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"x","creationTimestamp":null},"spec":{"temp)"
     R"(late":{"metadata":{"creationTimestamp":null},"spec":{"containers":[{"name":"x","image":"i","command")"
     R"(:["sleep","1"],"resources":{}}],"restartPolicy":"Never"}}},"status":{}})"},
    {"create cronjob x --image=i --schedule=@hourly",
     "6b3873000a130a0862617463682f7631120743726f6e4a6f621290010a110a017812001a0022002a0032003800420012790a0740"
     "686f75726c791a002a6c0a110a017812001a0022002a00320038004200125732550a100a0012001a0022002a0032003800420012"
     "41121a0a01781201692a0042006a007200800100880100900100a201001a094f6e4661696c757265320042004a00520058006000"
     "68008201008a01009a0100c201001a001a002200",
     R"({"kind":"CronJob","apiVersion":"batch/v1","metadata":{"name":"x","creationTimestamp":null},"spec":{")"
     R"(schedule":"@hourly","jobTemplate":{"metadata":{"name":"x","creationTimestamp":null},"spec":{"templat)"
     R"(e":{"metadata":{"creationTimestamp":null},"spec":{"containers":[{"name":"x","image":"i","resources":)"
     R"({}}],"restartPolicy":"OnFailure"}}}}},"status":{}})"},
    {"create ingress x --rule=a.b/p*=s:80,tls=t --class=c",
     "6b3873000a1f0a146e6574776f726b696e672e6b38732e696f2f76311207496e6772657373124c0a110a017812001a0022002a00"
     "320038004200123312080a03612e621201741a240a03612e62121d0a1b0a190a022f70120b22090a017312040a0010501a065072"
     "656669782201631a020a001a002200",
     R"({"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"x","creationTimestamp":nul)"
     R"(l},"spec":{"ingressClassName":"c","tls":[{"hosts":["a.b"],"secretName":"t"}],"rules":[{"host":"a.b",)"
     R"("http":{"paths":[{"path":"/p","pathType":"Prefix","backend":{"service":{"name":"s","port":{"number":)"
     R"(80}}}}]}}]},"status":{"loadBalancer":{}}})"},
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
