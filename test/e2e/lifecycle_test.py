"""The life of pods with real containers: probes, hooks, sidecars, deadlines, last words. All pods are made at once; each test looks at
its own."""

import pathlib
import subprocess
import unittest

from harness import ClusterTestCase, wait_for

# {shared} is a directory of this machine that every container sees as /shared.
PODS = """
apiVersion: v1
kind: Pod
metadata: {{name: healthy}}
spec:
  terminationGracePeriodSeconds: 1
  readinessGates: [{{conditionType: example.com/gate}}]
  containers:
  - name: web
    image: skiff/demo:1
    ports: [{{name: http, containerPort: 80}}]
    startupProbe: {{httpGet: {{port: http, httpHeaders: [{{name: X-From, value: a test}}]}}, periodSeconds: 1, failureThreshold: 60}}
    readinessProbe: {{exec: {{command: [test, -e, /shared/ready]}}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}}
    livenessProbe: {{tcpSocket: {{port: 80}}, periodSeconds: 1}}
    lifecycle: {{postStart: {{exec: {{command: [touch, /shared/ready]}}}}}}
    volumeMounts: [{{name: shared, mountPath: /shared}}]
  volumes: [{{name: shared, hostPath: {{path: "{shared}"}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: hung}}
spec:
  containers:
  - name: c
    image: skiff/demo:1
    command: [/bin/sh, -c, "trap 'exit 0' TERM; while true; do sleep 0.1; done"]
    livenessProbe:
      exec: {{command: [/bin/sh, -c, "echo no pulse; false"]}}
      periodSeconds: 1
      failureThreshold: 2
      terminationGracePeriodSeconds: 10
  - name: slow
    image: skiff/demo:1
    readinessProbe: {{exec: {{command: [sleep, "60"]}}, periodSeconds: 1, failureThreshold: 1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: job}}
spec:
  restartPolicy: Never
  initContainers:
  - &sidecar
    name: first
    image: skiff/demo:1
    restartPolicy: Always
    command: [/bin/sh, -c, "echo first begins >> /shared/order; trap 'echo first ends >> /shared/order; exit 0' TERM; while true; do sleep 0.1; done"]
    startupProbe: {{exec: {{command: [grep, -q, first begins, /shared/order]}}, periodSeconds: 1, failureThreshold: 60}}
    volumeMounts: [{{name: shared, mountPath: /shared}}]
  - <<: *sidecar
    name: second
    startupProbe: {{exec: {{command: [grep, -q, second begins, /shared/order]}}, periodSeconds: 1, failureThreshold: 60}}
    command: [/bin/sh, -c, "echo second begins >> /shared/order; trap 'echo second ends >> /shared/order; exit 0' TERM; while true; do sleep 0.1; done"]
  containers:
  - name: work
    image: skiff/demo:1
    command: [/bin/sh, -c, "echo work >> /shared/order"]
    volumeMounts: [{{name: shared, mountPath: /shared}}]
  volumes: [{{name: shared, hostPath: {{path: "{shared}"}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: doomed}}
spec:
  restartPolicy: Never
  activeDeadlineSeconds: 15
  containers:
  - name: endless
    image: skiff/demo:1
  - name: failing
    image: skiff/demo:1
    command: [/bin/sh, -c, "echo last words >&2; exit 3"]
    terminationMessagePolicy: FallbackToLogsOnError
---
apiVersion: v1
kind: Pod
metadata: {{name: polite}}
spec:
  containers:
  - name: c
    image: skiff/demo:1
    lifecycle:
      postStart: {{sleep: {{seconds: 1}}}}
      preStop: {{exec: {{command: [/bin/sh, -c, "sleep 1; echo bye > /shared/bye"]}}}}
    volumeMounts: [{{name: shared, mountPath: /shared}}]
  - name: other
    image: skiff/demo:1
    env: [{{name: PORT, value: "82"}}]
    lifecycle: {{preStop: {{httpGet: {{port: 81}}}}}}
  volumes: [{{name: shared, hostPath: {{path: "{shared}"}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: unlucky}}
spec:
  containers:
  - name: c
    image: skiff/demo:1
    lifecycle: {{postStart: {{exec: {{command: [/bin/sh, -c, "echo oh no; exit 4"]}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: grouped}}
data: {{key: a value}}
---
apiVersion: v1
kind: Secret
metadata: {{name: grouped}}
stringData: {{key: a secret}}
---
apiVersion: v1
kind: Pod
metadata: {{name: grouped}}
spec:
  restartPolicy: Never
  securityContext: {{runAsUser: 1000, fsGroup: 2000}}
  containers:
  - name: c
    image: skiff/demo:1
    command: [/bin/sh, -c, "echo mine > /disk/file && echo mine > /memory/file && cat /config/a/b /secret/key > /dev/null &&
              cd / && stat -L -c '%n %a %g' disk disk/file memory config config/..data config/a config/a/b secret secret/key"]
    volumeMounts:
    - {{name: disk, mountPath: /disk}}
    - {{name: memory, mountPath: /memory}}
    - {{name: config, mountPath: /config}}
    - {{name: secret, mountPath: /secret}}
  volumes:
  - {{name: disk, emptyDir: {{}}}}
  - {{name: memory, emptyDir: {{medium: Memory}}}}
  - {{name: config, configMap: {{name: grouped, defaultMode: 256, items: [{{key: key, path: a/b}}]}}}}
  - {{name: secret, secret: {{secretName: grouped, defaultMode: 256}}}}
"""


class LifecycleTest(ClusterTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = pathlib.Path(cls.cluster.directory) / "shared"
        cls.shared.mkdir()
        cls.cluster.apply(PODS.format(shared=cls.shared))
        cls.addClassCleanup(cls.cluster.kubectl, "delete", "pods", "--all", "--grace-period=0", "--force")

    def status(self, pod):
        return self.cluster.get("pod", pod)["status"]

    def condition(self, pod, kind):
        return next((c for c in self.status(pod).get("conditions", []) if c["type"] == kind), {"status": "Unknown"})

    def wait_for_event(self, pod, reason, message):
        def seen():
            events = self.cluster.get("events", "--field-selector", f"involvedObject.name={pod},reason={reason}")["items"]
            messages = [event["message"] for event in events]
            assert message in messages, messages
            return True

        wait_for(f"{pod}: {reason}", seen)

    def test_probes_decide_who_is_ready(self):
        wait_for("the container to be ready", lambda: self.condition("healthy", "ContainersReady")["status"] == "True")
        self.assertTrue(self.status("healthy")["containerStatuses"][0]["started"])
        gated = self.condition("healthy", "Ready")
        self.assertEqual((gated["status"], gated["reason"]), ("False", "ReadinessGatesNotReady"))
        patch = '{"status": {"conditions": [{"type": "example.com/gate", "status": "True"}]}}'
        self.cluster.kubectl("patch", "pod", "healthy", "--subresource=status", "-p", patch)
        wait_for("the gate to open", lambda: self.condition("healthy", "Ready")["status"] == "True")

        (self.shared / "ready").unlink()
        wait_for("the probe to fail", lambda: self.condition("healthy", "Ready").get("reason") == "ContainersNotReady")
        self.assertEqual(self.condition("healthy", "Ready")["message"], "containers with unready status: [web]")
        self.wait_for_event("healthy", "Unhealthy", "Readiness probe failed: ")
        (self.shared / "ready").touch()
        wait_for("the probe to pass", lambda: self.condition("healthy", "Ready")["status"] == "True")
        self.assertEqual(self.status("healthy")["containerStatuses"][0]["restartCount"], 0)

    def test_a_container_without_a_pulse_is_restarted(self):
        wait_for("the restart", lambda: any(each["restartCount"] >= 1 for each in self.status("hung").get("containerStatuses", [])))
        self.wait_for_event("hung", "Unhealthy", "Liveness probe failed: no pulse\n")
        self.wait_for_event("hung", "Killing", "Container c failed liveness probe, will be restarted")
        last = self.status("hung")["containerStatuses"][0]["lastState"]["terminated"]
        self.assertEqual((last["reason"], last["exitCode"]), ("Completed", 0))
        self.wait_for_event("hung", "Unhealthy", 'Readiness probe failed: command "sleep 60" timed out')

    def test_sidecars_frame_the_work(self):
        wait_for("the end of the work", lambda: self.status("job")["phase"] == "Succeeded")
        order = (self.shared / "order").read_text().splitlines()
        self.assertEqual(order, ["first begins", "second begins", "work", "second ends", "first ends"])
        for sidecar in self.status("job")["initContainerStatuses"]:
            self.assertEqual(sidecar["state"]["terminated"]["exitCode"], 0)

    def test_a_deadline_and_last_words(self):
        wait_for("the deadline", lambda: self.status("doomed")["phase"] == "Failed")
        status = self.status("doomed")
        self.assertEqual(status["reason"], "DeadlineExceeded")
        self.assertEqual(status["message"], "Pod was active on the node longer than the specified deadline")
        ends = {c["name"]: c["state"]["terminated"] for c in status["containerStatuses"]}
        self.assertEqual((ends["failing"]["exitCode"], ends["failing"]["message"]), (3, "last words\n"))
        self.assertEqual(ends["endless"]["exitCode"], 0)
        self.wait_for_event("doomed", "DeadlineExceeded", status["message"])

    def test_a_deleted_pod_takes_its_leave(self):
        wait_for("the pod to run", lambda: self.status("polite").get("phase") == "Running")
        watch = subprocess.Popen(self.cluster.kubectl_command("get", "pod", "polite", "-w", "-o", 'jsonpath={.status.phase}{"\\n"}'),
                                 stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(watch.stdout.readline(), "Running\n")
            self.cluster.kubectl("delete", "pod", "polite", "--grace-period=10")
            self.assertEqual((self.shared / "bye").read_text(), "bye\n")
            for phase in watch.stdout:
                if phase != "Running\n":
                    break
            self.assertEqual(phase, "Succeeded\n")
            self.wait_for_event("polite", "FailedPreStopHook", "PreStopHook failed")
        finally:
            watch.kill()
            watch.communicate()

    def test_a_hook_that_fails_ends_its_container(self):
        self.wait_for_event("unlucky", "FailedPostStartHook", "PostStartHook failed")
        self.wait_for_event("unlucky", "Killing", "FailedPostStartHook")
        wait_for("the back-off", lambda: self.status("unlucky")["containerStatuses"][0]["state"].get("waiting", {}).get("reason")
                 == "CrashLoopBackOff")

    def test_volumes_belong_to_the_group(self):
        wait_for("the end of the pod", lambda: self.status("grouped").get("phase") == "Succeeded")
        self.assertEqual(self.cluster.kubectl("logs", "grouped").stdout.splitlines(),
                         ["disk 2777 2000", "disk/file 644 2000", "memory 3777 2000", "config 2777 2000", "config/..data 2755 2000",
                          "config/a 2755 2000", "config/a/b 440 2000", "secret 3777 2000", "secret/key 440 2000"])

    def test_a_container_for_debugging_joins_a_pod(self):
        wait_for("the web server", lambda: self.condition("healthy", "ContainersReady")["status"] == "True")

        def debug(name, *options):
            self.cluster.kubectl("debug", "healthy", "--container", name, "--image=skiff/demo:1", "--image-pull-policy=IfNotPresent",
                                 *options)

        fetch = ("wget", "-q", "-O", "-", "http://127.0.0.1/")
        debug("look", "--", *fetch)
        debug("again", "--", *fetch)
        show_processes = ("sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done")
        debug("alone", "--", *show_processes)
        debug("inside", "--target=web", "--", *show_processes)

        def all_ended():
            states = [each["state"] for each in self.status("healthy").get("ephemeralContainerStatuses", [])]
            assert len(states) == 4 and all("terminated" in state for state in states), states
            return [state["terminated"] for state in states]

        ended = wait_for("all to end", all_ended)
        self.assertEqual([state["exitCode"] for state in ended], [0, 0, 0, 0])
        self.assertIn("Hello from a pod.", self.cluster.kubectl("logs", "healthy", "-c", "look").stdout)
        self.assertIn("httpd", self.cluster.kubectl("logs", "healthy", "-c", "inside").stdout)
        self.assertNotIn("httpd", self.cluster.kubectl("logs", "healthy", "-c", "alone").stdout)
        removal = '[{"op": "remove", "path": "/spec/ephemeralContainers/0"}]'
        refused = self.cluster.kubectl("patch", "pod", "healthy", "--subresource=ephemeralcontainers", "--type=json", "-p", removal,
                                       check=False)
        self.assertIn('existing ephemeral containers "look" may not be removed', refused.stderr)


# None of them asks the scheduler, which keeps pods away from a node under pressure.
PODS_UNDER_PRESSURE = """
apiVersion: v1
kind: Pod
metadata: {name: asks-for-nothing}
spec: {nodeName: node-1, containers: [{name: c, image: skiff/demo:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: asks-for-little}
spec:
  nodeName: node-1
  containers: [{name: c, image: skiff/demo:1, resources: {requests: {cpu: 1m}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: indispensable}
spec:
  nodeName: node-1
  priorityClassName: system-node-critical
  containers: [{name: c, image: skiff/demo:1}]
"""


class NodePressureTest(ClusterTestCase):
    # No machine has that much.
    options = ("--eviction-hard", "memory.available<1Pi")

    def pod(self, name):
        return self.cluster.get("pod", name)

    def events_of(self, name):
        events = self.cluster.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
        return [(event["reason"], event["message"]) for event in events]

    def test_pods_give_way(self):
        node = self.cluster.get("node", "node-1")
        pressure = {c["type"]: (c["status"], c["reason"]) for c in node["status"]["conditions"]}
        self.assertEqual(pressure["MemoryPressure"], ("True", "KubeletHasInsufficientMemory"))
        self.assertEqual(pressure["DiskPressure"], ("False", "KubeletHasNoDiskPressure"))
        wait_for("the taint", lambda: any(
            (taint["key"], taint["effect"]) == ("node.kubernetes.io/memory-pressure", "NoSchedule")
            for taint in self.cluster.get("node", "node-1")["spec"].get("taints", [])))

        self.cluster.apply(PODS_UNDER_PRESSURE)
        refused = wait_for("the refusal", lambda: self.pod("asks-for-nothing")["status"].get("reason") and
                           self.pod("asks-for-nothing")["status"])
        self.assertEqual((refused["phase"], refused["reason"], refused["message"]),
                         ("Failed", "Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. "))
        self.assertRegex(self.cluster.kubectl("get", "pod", "asks-for-nothing").stdout, r" 0/1 +Evicted ")

        evicted = wait_for("the eviction", lambda: self.pod("asks-for-little")["status"].get("reason") and
                           self.pod("asks-for-little")["status"])
        self.assertEqual((evicted["phase"], evicted["reason"]), ("Failed", "Evicted"))
        self.assertRegex(evicted["message"],
                         r"^The node was low on resource: memory\. Threshold quantity: 1Pi, available: [0-9]+[KMG]i\. "
                         r"Container c was using [0-9]+[KM]i, request is 0, has larger consumption of memory\. $")
        self.assertIn("terminated", evicted["containerStatuses"][0]["state"])
        self.assertIn("DisruptionTarget", [condition["type"] for condition in evicted["conditions"]])
        self.assertIn(("Evicted", evicted["message"]), self.events_of("asks-for-little"))
        self.assertIn(("EvictionThresholdMet", "Attempting to reclaim memory"), self.events_of("node-1"))

        # Without it the cluster would not get on.
        self.assertEqual(self.pod("indispensable")["status"]["phase"], "Running")
        self.cluster.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")


if __name__ == "__main__":
    unittest.main()
