"""A cluster's daily life: containers die, pods are deleted, Deployments scaled, changed and deleted; skiff stops and starts again."""

import os
import re
import signal
import unittest

from harness import Cluster, ClusterTestCase, wait_for

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: skiff/demo:1
        env: [{{name: GENERATION, value: "{generation}"}}]
"""


def containers(pods):
    """(pod, container id, restarts) of each container."""
    return sorted((pod["metadata"]["name"], status["containerID"], status["restartCount"])
                  for pod in pods for status in pod["status"]["containerStatuses"])


def pids_of(pod):
    """The processes in a pod's containers, by the cgroup that names the pod."""
    uid = pod["metadata"]["uid"]
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cgroup", encoding="utf-8") as cgroup, open(f"/proc/{entry}/cmdline", "rb") as command:
                if uid in cgroup.read():
                    pids.append((int(entry), command.read().replace(b"\0", b" ").decode()))
        except OSError:
            continue
    return pids


def web_server_of(pod):
    """The process that answers in a pod of the demo image. A container is Running before its script has come to start it."""

    def find():
        found = [pid for pid, command in pids_of(pod) if command.startswith("httpd")]
        assert len(found) == 1, pids_of(pod)
        return found[0]

    return wait_for("the web server", find)


class LifeTest(ClusterTestCase):
    def setUp(self):
        self.cluster.apply(DEPLOYMENT.format(replicas=2, generation=1))
        self.pods = self.cluster.wait_running("app=web", 2)

    def tearDown(self):
        self.cluster.kubectl("delete", "deployment", "web", "--ignore-not-found", "--wait=true")
        wait_for("all pods to be gone", lambda: not self.cluster.get("pods")["items"])

    def test_a_killed_container_is_restarted_and_counted(self):
        victim = self.pods[0]
        name = victim["metadata"]["name"]
        os.kill(web_server_of(victim), signal.SIGKILL)

        def restarted():
            status = self.cluster.get("pod", name)["status"]["containerStatuses"][0]
            return status if status["restartCount"] == 1 and status["ready"] else None

        status = wait_for("the restart", restarted)
        self.assertEqual(status["lastState"]["terminated"]["exitCode"], 137)
        self.assertNotEqual(status["containerID"], status["lastState"]["terminated"]["containerID"])
        self.assertIn("Hello", self.cluster.http_get(victim["status"]["podIP"]))
        figures = self.cluster.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/metrics").stdout
        self.assertIn("\nkubelet_running_pods 2\n", figures)
        self.assertIn('\nkubelet_running_containers{container_state="running"} 2\n', figures)
        started = re.search(r'\nkubelet_runtime_operations_total{operation_type="start_container"} (\d+)\n', figures)
        self.assertGreaterEqual(int(started[1]), 3)
        started = re.search(r"\nkubelet_pod_start_duration_seconds_count (\d+)\n", figures)
        self.assertGreaterEqual(int(started[1]), 2)

    def test_a_deleted_pod_is_replaced(self):
        name = self.pods[0]["metadata"]["name"]
        self.cluster.kubectl("delete", "pod", name)
        after = self.cluster.wait_running("app=web", 2)
        self.assertNotIn(name, [pod["metadata"]["name"] for pod in after])
        self.assertEqual(pids_of(self.pods[0]), [])

    def test_scaling_up_and_down(self):
        self.cluster.kubectl("scale", "deployment", "web", "--replicas=4")
        self.cluster.wait_running("app=web", 4)
        self.cluster.kubectl("scale", "deployment", "web", "--replicas=1")
        self.cluster.wait_running("app=web", 1)
        events = self.cluster.kubectl("describe", "deployment", "web").stdout
        self.assertRegex(events, r"Scaled up replica set web-\S+ from 2 to 4")
        self.assertRegex(events, r"Scaled down replica set web-\S+ from 4 to 1")

    def test_applying_a_change_rolls_it_out(self):
        before = {pod["metadata"]["name"] for pod in self.pods}
        changed = self.cluster.apply(DEPLOYMENT.format(replicas=2, generation=2))
        self.assertEqual(changed, "deployment.apps/web configured\n")
        self.cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        after = self.cluster.wait_running("app=web", 2)
        self.assertFalse(before & {pod["metadata"]["name"] for pod in after})
        self.assertEqual({pod["spec"]["containers"][0]["env"][0]["value"] for pod in after}, {"2"})
        sets = self.cluster.get("replicasets", "-l", "app=web")["items"]
        self.assertEqual(sorted(item["spec"]["replicas"] for item in sets), [0, 2])
        self.cluster.kubectl("rollout", "undo", "deployment/web")
        self.cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        again = self.cluster.wait_running("app=web", 2)
        self.assertEqual({pod["spec"]["containers"][0]["env"][0]["value"] for pod in again}, {"1"})

    def test_deleting_a_deployment_collects_its_children(self):
        self.cluster.kubectl("delete", "deployment", "web")
        wait_for("its children to be gone", lambda: not self.cluster.get("pods,replicasets", "-l", "app=web")["items"])
        for pod in self.pods:
            self.assertEqual(pids_of(pod), [])

    def test_deleting_a_namespace_deletes_what_is_in_it(self):
        self.cluster.kubectl("create", "namespace", "passing")
        self.cluster.kubectl("create", "configmap", "there", "-n", "passing", "--from-literal=a=b")
        self.cluster.wait_for_service_account("passing")
        self.cluster.kubectl("run", "there", "-n", "passing", "--image=skiff/demo:1", "--image-pull-policy=IfNotPresent")
        self.cluster.wait_running("run=there", 1, namespace="passing")
        self.cluster.kubectl("delete", "namespace", "passing", "--timeout=60s")
        missing = self.cluster.kubectl("get", "namespace", "passing", check=False)
        self.assertIn('namespaces "passing" not found', missing.stderr)

    def test_what_cannot_run_says_why(self):
        self.cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: no-image}
spec: {containers: [{name: c, image: "nowhere/missing:1", imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Pod
metadata: {name: no-config}
spec:
  containers:
  - {name: c, image: skiff/demo:1, envFrom: [{configMapRef: {name: absent}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: too-large}
spec: {containers: [{name: c, image: skiff/demo:1, resources: {requests: {cpu: "1000"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: crashing}
spec: {containers: [{name: c, image: skiff/demo:1, command: [/bin/sh, -c, exit 3]}]}
""")

        def waiting(pod, reason):
            def check():
                statuses = self.cluster.get("pod", pod)["status"].get("containerStatuses", [])
                return statuses and statuses[0]["state"].get("waiting", {}).get("reason") == reason

            wait_for(f"{pod}: {reason}", check)

        try:
            waiting("no-image", "ErrImageNeverPull")
            waiting("no-config", "CreateContainerConfigError")
            waiting("crashing", "CrashLoopBackOff")
            wait_for("the scheduler's word", lambda: "0/1 nodes are available: 1 Insufficient cpu." in self.cluster.kubectl(
                "describe", "pod", "too-large").stdout)
            wait_for("the event", lambda: "Back-off restarting failed container c in pod crashing_default" in self.cluster.kubectl(
                "describe", "pod", "crashing").stdout)
            self.cluster.kubectl("create", "configmap", "absent", "--from-literal=a=b")
            wait_for("the pod to find its ConfigMap", lambda: self.cluster.get("pod", "no-config")["status"]["phase"] == "Running")
        finally:
            self.cluster.kubectl("delete", "pod", "no-image", "no-config", "too-large", "crashing", "--grace-period=0", "--force")
            self.cluster.kubectl("delete", "configmap", "absent", "--ignore-not-found")


class RestartTest(unittest.TestCase):
    """skiff stopped, or killed, and started again on the same data directory."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("containers need root")

    def check(self, how):
        cluster = Cluster()
        self.addCleanup(cluster.close)
        cluster.apply(DEPLOYMENT.format(replicas=3, generation=1))
        cluster.wait_running("app=web", 3)
        cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b")
        before = cluster.get("pods")
        revision = int(cluster.revision())
        for pod in before["items"]:
            web_server_of(pod)
        processes = [pids_of(pod) for pod in before["items"]]

        cluster.stop(how)
        self.assertEqual([pids_of(pod) for pod in before["items"]], processes, "containers outlive skiff")
        cluster.start()

        after = cluster.get("pods")
        self.assertGreaterEqual(int(cluster.revision()), revision)
        self.assertEqual([pod["metadata"]["uid"] for pod in after["items"]], [pod["metadata"]["uid"] for pod in before["items"]])
        self.assertEqual(cluster.get("configmap", "kept")["data"], {"a": "b"})
        # The agent has adopted its pods when it restarts one of them.
        victim = after["items"][0]
        os.kill(web_server_of(victim), signal.SIGKILL)
        name = victim["metadata"]["name"]
        wait_for("the restart", lambda: cluster.get("pod", name)["status"]["containerStatuses"][0]["restartCount"] == 1)
        pods = cluster.wait_running("app=web", 3)
        self.assertEqual([entry for entry in containers(pods) if entry[0] != name],
                         [entry for entry in containers(before["items"]) if entry[0] != name])
        self.assertEqual([pids_of(pod) for pod in before["items"][1:]], processes[1:])
        for pod in pods:
            self.assertIn("Hello", cluster.http_get(pod["status"]["podIP"]))
        cluster.kubectl("delete", "deployment", "web")
        wait_for("adopted pods to go", lambda: not cluster.get("pods")["items"])

    def test_stopped(self):
        self.check(signal.SIGTERM)

    def test_killed(self):
        self.check(signal.SIGKILL)

    def test_a_container_that_ended_meanwhile_is_noticed(self):
        cluster = Cluster()
        self.addCleanup(cluster.close)
        cluster.apply(DEPLOYMENT.format(replicas=1, generation=1))
        pod = cluster.wait_running("app=web", 1)[0]
        cluster.stop(signal.SIGKILL)
        os.kill(web_server_of(pod), signal.SIGKILL)
        wait_for("the container to end", lambda: not [pid for pid, command in pids_of(pod) if "serve" in command])
        cluster.start()
        name = pod["metadata"]["name"]
        wait_for("the restart", lambda: cluster.get("pod", name)["status"]["containerStatuses"][0]["restartCount"] == 1)


if __name__ == "__main__":
    unittest.main()
