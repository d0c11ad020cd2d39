"""Every verb of kubectl that makes sense for our kinds, from Debian's kubectl 1.20 on: the daily ones with every kubectl on the
machine, the others with the oldest, a middle and the newest one.

The runtime is the fake one, since no verb here looks into a container. Authorization, server-side apply, quotas and the kinds
of workloads have tests of their own.
"""

import os
import pathlib
import unittest

from harness import ClusterTestCase, wait_for
from kubectls import some_kubectls, with_every_kubectl, with_kubectls, with_some_kubectls

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: x:1
        ports: [{containerPort: 80}]
"""

CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, labels: {set: "%s"}}
data: {key: value}
"""


class KubectlVerbsTest(ClusterTestCase):
    runtime = "fake"

    def file(self, name, text):
        path = pathlib.Path(self.cluster.directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def running_deployment(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/web"))

    # --- reading ---

    @with_every_kubectl
    def test_get_in_every_format(self, kubectl):
        self.running_deployment(kubectl)
        pods = sorted(pod["metadata"]["name"] for pod in kubectl.get("pods")["items"])
        self.assertEqual(len(pods), 2)
        lines = "".join(f"{pod}\n" for pod in pods)
        self.assertEqual(kubectl("get", "pods", "-o", "name"), "".join(f"pod/{pod}\n" for pod in pods))
        self.assertEqual(kubectl("get", "pods", "-o", 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'), lines)
        self.assertEqual(
            kubectl("get", "pods", "-o", 'go-template={{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'), lines)
        columns = kubectl("get", "pods", "-o", "custom-columns=N:.metadata.name,P:.status.phase")
        self.assertEqual([line.split() for line in columns.splitlines()],
                         [["N", "P"]] + [[pod, "Running"] for pod in pods])
        self.assertIn("kind: Deployment", kubectl("get", "deployment", "web", "-o", "yaml"))
        self.assertEqual(kubectl("get", "pods").splitlines()[0].split(), "NAME READY STATUS RESTARTS AGE".split())
        self.assertEqual(kubectl("get", "pods", "-o", "wide").splitlines()[0].split(),
                         "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES".split())
        self.assertEqual(kubectl("get", "deployments", "-o", "wide").splitlines()[0].split(),
                         "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR".split())
        self.assertIn("app=web,pod-template-hash=", kubectl("get", "pods", "--show-labels"))

    @with_some_kubectls
    def test_get_chooses(self, kubectl):
        self.running_deployment(kubectl)
        kubectl("run", "other", "--image=x:1", "--labels=app=other")
        kubectl("wait", "--for=condition=Ready", "pod/other")

        def names(*arguments):
            return kubectl("get", *arguments, "-o", "name").split()

        self.assertEqual(len(names("pods")), 3)
        self.assertEqual(names("pods", "-l", "app notin (web)"), ["pod/other"])
        self.assertEqual(names("pods", "--field-selector=metadata.name=other,status.phase=Running"), ["pod/other"])
        self.assertEqual(names("pods", "--field-selector=status.phase!=Running"), [])
        self.assertEqual(len(names("pods", "--chunk-size=1")), 3)
        self.assertEqual(names("pods", "--sort-by=.metadata.name")[0], "pod/other")
        self.assertIn("pod/other", kubectl("get", "pods", "-A", "-o", "name"))
        self.assertEqual({name.split("/")[0] for name in names("all")}, {"pod", "deployment.apps", "replicaset.apps"})
        self.assertIn('pods "none" not found', kubectl.fails("get", "pod", "none"))
        self.assertIn("No resources found in", kubectl.run("get", "pods", "-l", "app=none").stderr)
        self.assertIn('the server doesn\'t have a resource type "nonsense"', kubectl.fails("get", "nonsense"))
        self.assertEqual(kubectl.first_lines(2, "get", "pods", "other", "-w")[1].split()[:3], ["other", "1/1", "Running"])

    @with_every_kubectl
    def test_describe(self, kubectl):
        self.running_deployment(kubectl)
        described = kubectl("describe", "deployments,replicasets,pods", "-l", "app=web")
        self.assertIn("2 desired | 2 updated | 2 total | 2 available | 0 unavailable", described)
        self.assertIn("ScalingReplicaSet", described)
        self.assertIn("Controlled By:  Deployment/web", described)
        self.assertIn("Successfully assigned", described)
        described = kubectl("describe", "node/node-1", f"namespace/{kubectl.namespace}")
        self.assertIn("Allocated resources", described)
        self.assertRegex(described, r"HolderIdentity: +node-1\n")
        self.assertRegex(described, r"Normal +Starting .*Starting kubelet")
        self.assertRegex(described, r"Normal +NodeReady .*Node node-1 status is now: NodeReady")
        self.assertIn("Status:       Active", described)

    @with_every_kubectl
    def test_explain_and_discovery(self, kubectl):
        self.assertIn("containerPort", kubectl("explain", "pod.spec.containers.ports"))
        recursive = kubectl("explain", "deployment", "--recursive")
        for field in ("maxSurge", "containerPort", "resourceFieldRef", "observedGeneration"):
            self.assertIn(field, recursive)
        resources = {line.split()[0] for line in kubectl("api-resources").splitlines()}
        self.assertLessEqual({"pods", "deployments", "configmaps", "services", "daemonsets", "jobs"}, resources)
        self.assertIn("deployments.apps", kubectl("api-resources", "--api-group=apps", "-o", "name"))
        self.assertLessEqual({"v1", "apps/v1", "batch/v1", "policy/v1"}, set(kubectl("api-versions").split()))
        self.assertIn("127.0.0.1", kubectl("cluster-info"))
        self.assertIn("v1.32", kubectl("version"))
        self.assertEqual(kubectl("get", "--raw", "/livez"), "ok")

    @with_some_kubectls
    def test_events(self, kubectl):
        kubectl("run", "one", "--image=x:1")
        kubectl("wait", "--for=condition=Ready", "pod/one")
        of_the_pod = "--field-selector=involvedObject.name=one"
        wait_for("the events", lambda: "Started" in kubectl("get", "events", of_the_pod))
        if kubectl.has(1, 26):
            wait_for("the scheduler's", lambda: "Scheduled" in kubectl("events", "--for=pod/one"))

    # --- creating and changing ---

    @with_every_kubectl
    def test_create_generators(self, kubectl):
        made = [
            ("deployment", "d", "--image=x:1", "--replicas=2"),
            ("configmap", "c", "--from-literal=a=b"),
            ("secret", "generic", "s", "--from-literal=a=b"),
            ("secret", "docker-registry", "r", "--docker-username=u", "--docker-password=p"),
            ("serviceaccount", "a"),
            ("quota", "q", "--hard=pods=50"),
            ("job", "j", "--image=x:1"),
            ("service", "clusterip", "sc", "--tcp=80:8080"),
            ("service", "nodeport", "sn", "--tcp=80"),
            ("service", "externalname", "se", "--external-name=example.com"),
            ("priorityclass", f"pc-{kubectl.namespace}", "--value=10"),
        ]
        if kubectl.has(1, 21):  # older ones ask for v1beta1, which went with Kubernetes 1.25
            made.append(("cronjob", "cj", "--image=x:1", "--schedule=*/5 * * * *"))
            made.append(("poddisruptionbudget", "p", "--selector=app=web", "--min-available=1"))
        for arguments in made:
            self.assertIn("created", kubectl("create", *arguments), arguments)
        # 1.20 asks for a namespace of its own name in both.
        self.assertIn("created", kubectl("create", "namespace", f"more-{kubectl.namespace}"))
        self.assertIn('"c" already exists', kubectl.fails("create", "configmap", "c"))
        if kubectl.has(1, 24):
            self.assertEqual(kubectl("create", "token", "a").count("."), 2)
        wait_for("the job's pod", lambda: "node-1" in kubectl("get", "pods", "-l", "job-name=j", "-o", "wide"))

    @with_some_kubectls
    def test_create_from_files_and_kustomization(self, kubectl):
        directory = kubectl.namespace
        self.file(f"{directory}/files/one.yaml", CONFIG_MAP % ("one", "f"))
        self.file(f"{directory}/files/two.yaml", CONFIG_MAP % ("two", "f"))
        path = os.path.join(self.cluster.directory, directory)
        self.assertEqual(kubectl("create", "-f", f"{path}/files"), "configmap/one created\nconfigmap/two created\n")
        self.file(f"{directory}/base/three.yaml", CONFIG_MAP % ("three", "k"))
        self.file(f"{directory}/base/kustomization.yaml", "resources: [three.yaml]\nnamePrefix: my-\n")
        self.assertEqual(kubectl("create", "-k", f"{path}/base"), "configmap/my-three created\n")
        self.assertEqual(kubectl("delete", "-k", f"{path}/base").split()[:2], ["configmap", '"my-three"'])

    @with_every_kubectl
    def test_apply(self, kubectl):
        changed = DEPLOYMENT.replace("replicas: 2", "replicas: 3")
        self.assertEqual(kubectl("apply", "-f", "-", stdin=DEPLOYMENT), "deployment.apps/web created\n")
        self.assertEqual(kubectl("apply", "-f", "-", stdin=DEPLOYMENT), "deployment.apps/web unchanged\n")
        difference = kubectl.run("diff", "-f", "-", stdin=changed, check=False)
        self.assertEqual(difference.returncode, 1, difference.stderr)
        self.assertIn("+  replicas: 3", difference.stdout)
        self.assertEqual(kubectl("apply", "--dry-run=server", "-f", "-", stdin=changed),
                         "deployment.apps/web configured (server dry run)\n")
        self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 2)
        self.assertEqual(kubectl("apply", "-f", "-", stdin=changed), "deployment.apps/web configured\n")
        self.assertIn("replicaz", kubectl.fails("apply", "-f", "-", stdin=DEPLOYMENT.replace("replicas", "replicaz")))
        for api_version in ["apps/v1", "example.com/v1"]:
            chair = f"apiVersion: {api_version}\nkind: Chair\nmetadata: {{name: c}}\n"
            self.assertIn(f'no matches for kind "Chair" in version "{api_version}"',
                          kubectl.fails("apply", "-f", "-", stdin=chair))

    @with_some_kubectls
    def test_apply_prune(self, kubectl):
        both = CONFIG_MAP % ("keep", "p") + "---" + CONFIG_MAP % ("drop", "p")
        kubectl("apply", "-f", "-", stdin=both)
        # What 1.20 prunes by default has kinds of versions that are gone.
        kinds = [] if kubectl.has(1, 21) else ["--prune-whitelist=core/v1/ConfigMap"]
        pruned = kubectl("apply", "--prune", "-l", "set=p", *kinds, "-f", "-", stdin=CONFIG_MAP % ("keep", "p"))
        self.assertIn("configmap/drop pruned", pruned)
        self.assertEqual(kubectl("get", "configmaps", "-l", "set=p", "-o", "name"), "configmap/keep\n")
        self.assertEqual(kubectl("diff", "-f", "-", stdin=CONFIG_MAP % ("keep", "p")), "")

    @with_some_kubectls
    def test_edit_and_replace(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        editor = "sed -i 's/replicas: 2/replicas: 3/'"
        self.assertIn("edited", kubectl("edit", "deployment", "web", env={**os.environ, "KUBE_EDITOR": editor}))
        self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 3)
        # replace reads the Deployment, then writes it: a status that is written in between would be a conflict, as upstream.
        kubectl("rollout", "status", "deployment", "web")
        self.assertIn("replaced", kubectl("replace", "-f", "-", stdin=DEPLOYMENT))
        before = kubectl.get("deployment", "web")
        self.assertEqual(before["spec"]["replicas"], 2)
        self.assertIn("replaced", kubectl("replace", "--force", "-f", "-", stdin=DEPLOYMENT))
        self.assertNotEqual(kubectl.get("deployment", "web")["metadata"]["uid"], before["metadata"]["uid"])

    @with_some_kubectls
    def test_patch(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        patches = [
            ("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"x:2"}]}}}}'),
            ("merge", '{"spec":{"replicas":3}}'),
            ("json", '[{"op":"add","path":"/metadata/labels/b","value":"c"}]'),
        ]
        for kind, patch in patches:
            self.assertIn("patched", kubectl("patch", "deployment", "web", f"--type={kind}", "-p", patch))
        # kubectl compares the status, too.
        kubectl("rollout", "status", "deployment/web")
        self.assertIn("(no change)", kubectl("patch", "deployment", "web", "--type=merge", "-p", patches[1][1]))
        deployment = kubectl.get("deployment", "web")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual((container["image"], container["ports"][0]["containerPort"]), ("x:2", 80))
        self.assertEqual((deployment["spec"]["replicas"], deployment["metadata"]["labels"]["b"]), (3, "c"))
        for kind, patch, message in [
                ("strategic", '{"spec":{"replicas":"two"}}',
                 'patch: Invalid value: "map[spec:map[replicas:two]]": unrecognized type: int32'),
                ("strategic", '{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}',
                 "Error from server: map: map[image:x] does not contain declared merge key: name"),
                ("json", "{}", "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
                ("json", '[{"op":"remove","path":"/nope"}]',
                 "The request is invalid")]:
            self.assertIn(message, kubectl.fails("patch", "deployment", "web", f"--type={kind}", "-p", patch))
        if kubectl.has(1, 24):
            one_replica = '{"spec":{"replicas":1}}'
            kubectl("patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", one_replica)
            self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 1)

    @with_some_kubectls
    def test_set_label_annotate_scale(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        self.assertIn("image updated", kubectl("set", "image", "deployment/web", "c=x:2"))
        self.assertIn("env updated", kubectl("set", "env", "deployment/web", "A=b"))
        self.assertIn("A=b", kubectl("set", "env", "deployment/web", "--list"))
        self.assertIn("requirements updated",
                      kubectl("set", "resources", "deployment/web", "--limits=cpu=100m,memory=64Mi"))
        kubectl("create", "serviceaccount", "s")
        self.assertIn("serviceaccount updated", kubectl("set", "serviceaccount", "deployment/web", "s"))
        kubectl("label", "deployment", "web", "tier=front")
        self.assertIn("already has a value", kubectl.fails("label", "deployment", "web", "tier=back"))
        kubectl("label", "deployment", "web", "tier=back", "--overwrite")
        kubectl("annotate", "deployment", "web", "note=x")
        kubectl("annotate", "deployment", "web", "note-")
        self.assertIn("scaled", kubectl("scale", "deployment", "web", "--current-replicas=2", "--replicas=1"))
        web = kubectl.get("deployment", "web")
        self.assertEqual(web["metadata"]["labels"]["tier"], "back")
        self.assertNotIn("note", web["metadata"]["annotations"])
        self.assertEqual(web["spec"]["replicas"], 1)
        pod = web["spec"]["template"]["spec"]
        self.assertEqual(pod["serviceAccountName"], "s")
        self.assertEqual(pod["containers"][0]["resources"]["limits"], {"cpu": "100m", "memory": "64Mi"})

    @with_every_kubectl
    def test_rollout(self, kubectl):
        self.running_deployment(kubectl)
        kubectl("annotate", "deployment", "web", "kubernetes.io/change-cause=first")
        # Only the ReplicaSet that is the new one at the time hears of it.
        wait_for("the cause", lambda: "first" in kubectl("rollout", "history", "deployment/web"))
        kubectl("set", "image", "deployment/web", "c=x:2")
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/web"))
        history = kubectl("rollout", "history", "deployment/web")
        self.assertEqual([line.split() for line in history.splitlines()[1:4]],
                         [["REVISION", "CHANGE-CAUSE"], ["1", "first"], ["2", "first"]])
        self.assertIn("x:2", kubectl("rollout", "history", "deployment/web", "--revision=2"))
        self.assertIn("rolled back", kubectl("rollout", "undo", "deployment/web"))
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/web"))
        self.assertEqual({pod["spec"]["containers"][0]["image"] for pod in kubectl.get("pods")["items"]
                          if "deletionTimestamp" not in pod["metadata"]}, {"x:1"})

    @with_some_kubectls
    def test_rollout_pause_and_restart(self, kubectl):
        self.running_deployment(kubectl)
        self.assertIn("paused", kubectl("rollout", "pause", "deployment/web"))
        self.assertIn("resumed", kubectl("rollout", "resume", "deployment/web"))
        self.assertIn("restarted", kubectl("rollout", "restart", "deployment/web"))
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/web"))

    @with_some_kubectls
    def test_expose_and_run(self, kubectl):
        self.running_deployment(kubectl)
        self.assertIn("exposed", kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080"))
        service = kubectl.get("service", "web")
        self.assertEqual(service["spec"]["selector"], {"app": "web"})
        self.assertEqual(service["spec"]["ports"][0]["targetPort"], 8080)
        wait_for("the endpoints", lambda: kubectl.get("endpoints", "web").get("subsets"))
        described = kubectl("describe", "service", "web")
        for pod in kubectl.get("pods")["items"]:
            self.assertIn(pod["status"]["podIP"] + ":8080", described)
        self.assertEqual(kubectl("run", "one", "--image=x:1", "--port=80", "--env=A=b"), "pod/one created\n")
        self.assertIn("exposed", kubectl("expose", "pod", "one", "--port=80", "--name=one-service"))

    @with_every_kubectl
    def test_wait_and_delete(self, kubectl):
        self.running_deployment(kubectl)
        self.assertIn("condition met", kubectl("wait", "--for=condition=Available", "deployment/web"))
        if kubectl.has(1, 23):
            two_ready = "--for=jsonpath={.status.readyReplicas}=2"
            self.assertIn("condition met", kubectl("wait", two_ready, "deployment/web"))
        self.assertIn("timed out", kubectl.fails("wait", "--for=condition=Never", "deployment/web", "--timeout=2s"))
        kubectl("delete", "deployment", "web", "--cascade=orphan")
        left = kubectl.get("replicasets,pods")["items"]
        self.assertEqual(sorted(item["kind"] for item in left), ["Pod", "Pod", "ReplicaSet"])
        self.assertFalse([item for item in left if "deletionTimestamp" in item["metadata"]])
        kubectl("delete", "replicaset", "-l", "app=web", "--cascade=foreground", "--timeout=60s")
        self.assertEqual(kubectl("get", "replicasets,pods", "-o", "name"), "")

    @with_some_kubectls
    def test_delete_pods(self, kubectl):
        kubectl("run", "one", "--image=x:1")
        kubectl("delete", "pod", "one", "--wait=false", "--grace-period=1")
        if kubectl.has(1, 27):  # older ones fail when it is gone already
            kubectl("wait", "--for=delete", "pod/one", "--timeout=30s")
        kubectl("run", "two", "--image=x:1")
        kubectl("delete", "pod", "two", "--now")
        kubectl("run", "three", "--image=x:1")
        kubectl("delete", "pod", "three", "--force", "--grace-period=0")
        kubectl("delete", "pods", "--all", "--timeout=30s")
        self.assertEqual(kubectl("delete", "pod", "none", "--ignore-not-found"), "")

    @with_kubectls(some_kubectls, at_a_time=1)  # it is one node
    def test_nodes(self, kubectl):
        self.running_deployment(kubectl)
        self.assertIn("cordoned", kubectl("cordon", "node-1"))
        self.assertIn("SchedulingDisabled", kubectl("get", "node", "node-1"))
        self.assertIn("uncordoned", kubectl("uncordon", "node-1"))
        self.assertIn("tainted", kubectl("taint", "node", "node-1", "a=b:NoSchedule"))
        self.assertIn("untainted", kubectl("taint", "node", "node-1", "a-"))
        kubectl("drain", "node-1", "--pod-selector=app=web", "--timeout=30s")
        wait_for("the new pods to wait",
                 lambda: len(kubectl.get("pods", "--field-selector=status.phase=Pending")["items"]) == 2)
        kubectl("uncordon", "node-1")
        kubectl("rollout", "status", "deployment/web")
        kubectl("delete", "deployment", "web", "--timeout=30s")


if __name__ == "__main__":
    unittest.main()
