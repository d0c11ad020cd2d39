"""Every verb of kubectl that makes sense for our kinds, with every kubectl on the machine, from Debian's 1.20 on.

Each test works in a namespace of its own per version; the runtime is the fake one, since no verb here looks into a
container.
"""

import functools
import json
import os
import pathlib
import stat
import subprocess
import unittest

from harness import ClusterTestCase, kubectls, wait_for

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


class Kubectl:
    """One kubectl in one namespace."""

    def __init__(self, cluster, version, binary, namespace):
        self.cluster = cluster
        self.version = tuple(int(part) for part in version.split("."))
        self.binary = binary
        self.namespace = namespace

    def run(self, *arguments, **options):
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, binary=self.binary, **options)

    def __call__(self, *arguments, **options):
        """What the command prints on stdout."""
        return self.run(*arguments, **options).stdout

    def fails(self, *arguments, **options):
        """What a command that has to fail prints on stderr."""
        done = self.run(*arguments, check=False, **options)
        if done.returncode == 0:
            raise AssertionError(f"kubectl {' '.join(arguments)} succeeded:\n{done.stdout}")
        return done.stderr

    def first_lines(self, count, *arguments):
        """The first lines that a command prints which would go on for ever."""
        command = self.cluster.kubectl_command("--namespace", self.namespace, *arguments, binary=self.binary)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = [process.stdout.readline() for _ in range(count)]
            process.kill()
        return lines

    def get(self, *arguments):
        return json.loads(self("get", *arguments, "-o", "json"))

    def has(self, *version):
        """Whether this kubectl is at least of that version."""
        return self.version >= version


def with_every_kubectl(test):
    """Runs a test once per kubectl on the machine, each time in a new namespace, which it gets as a Kubectl."""

    @functools.wraps(test)
    def each(self):
        self.assertGreaterEqual(len(kubectls()), 1)
        name = test.__name__.removeprefix("test_").replace("_", "-")
        for version, binary in kubectls().items():
            with self.subTest(version):
                namespace = f"{name}-{version.replace('.', '-')}"
                self.cluster.kubectl("create", "namespace", namespace, binary=binary)
                test(self, Kubectl(self.cluster, version, binary, namespace))

    return each


class KubectlVerbsTest(ClusterTestCase):
    runtime = "fake"

    def file(self, name, text, executable=False):
        path = pathlib.Path(self.cluster.directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if executable:
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

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
        columns = kubectl("get", "pods", "--sort-by=.metadata.name", "-o",
                          "custom-columns=N:.metadata.name,P:.status.phase")
        self.assertEqual([line.split() for line in columns.splitlines()],
                         [["N", "P"]] + [[pod, "Running"] for pod in pods])
        self.assertIn("kind: Deployment", kubectl("get", "deployment", "web", "-o", "yaml"))
        self.assertEqual(kubectl("get", "pods").splitlines()[0].split(), "NAME READY STATUS RESTARTS AGE".split())
        self.assertEqual(kubectl("get", "pods", "-o", "wide").splitlines()[0].split(),
                         "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES".split())
        self.assertEqual(kubectl("get", "deployments", "-o", "wide").splitlines()[0].split(),
                         "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR".split())
        self.assertIn("app=web,pod-template-hash=", kubectl("get", "pods", "--show-labels"))

    @with_every_kubectl
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
        self.assertIn("pod/other", kubectl("get", "pods", "-A", "-o", "name"))
        self.assertEqual({name.split("/")[0] for name in names("all")}, {"pod", "deployment.apps", "replicaset.apps"})
        self.assertIn('pods "none" not found', kubectl.fails("get", "pod", "none"))
        self.assertIn("No resources found in", kubectl.run("get", "pods", "-l", "app=none").stderr)
        self.assertIn('the server doesn\'t have a resource type "nonsense"', kubectl.fails("get", "nonsense"))
        self.assertEqual(kubectl.first_lines(2, "get", "pods", "other", "-w")[1].split()[:3], ["other", "1/1", "Running"])

    @with_every_kubectl
    def test_describe(self, kubectl):
        self.running_deployment(kubectl)
        deployment = kubectl("describe", "deployment", "web")
        self.assertIn("2 desired | 2 updated | 2 total | 2 available | 0 unavailable", deployment)
        self.assertIn("ScalingReplicaSet", deployment)
        self.assertIn("Successfully assigned", kubectl("describe", "pods", "-l", "app=web"))
        self.assertIn("Controlled By:  Deployment/web", kubectl("describe", "replicasets"))
        self.assertIn("Allocated resources", kubectl("describe", "node", "node-1"))
        self.assertIn("Status:       Active", kubectl("describe", "namespace", kubectl.namespace))

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

    @with_every_kubectl
    def test_auth(self, kubectl):
        self.assertEqual(kubectl("auth", "can-i", "create", "deployments.apps").strip(), "yes")
        self.assertIn("*.*", kubectl("auth", "can-i", "--list"))
        if kubectl.has(1, 28):
            self.assertIn("kubernetes-admin", kubectl("auth", "whoami"))

    @with_every_kubectl
    def test_events(self, kubectl):
        kubectl("run", "one", "--image=x:1")
        kubectl("wait", "--for=condition=Ready", "pod/one")
        of_the_pod = "--field-selector=involvedObject.name=one"
        wait_for("the events", lambda: "Started" in kubectl("get", "events", of_the_pod))
        if kubectl.has(1, 26):
            self.assertIn("Scheduled", kubectl("events", "--for=pod/one"))

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

    @with_every_kubectl
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
        self.assertEqual(kubectl.run("diff", "-f", "-", stdin=changed).stdout, "")
        self.assertIn("replicaz", kubectl.fails("apply", "-f", "-", stdin=DEPLOYMENT.replace("replicas", "replicaz")))
        for api_version in ["apps/v1", "example.com/v1"]:
            chair = f"apiVersion: {api_version}\nkind: Chair\nmetadata: {{name: c}}\n"
            self.assertIn(f'no matches for kind "Chair" in version "{api_version}"',
                          kubectl.fails("apply", "-f", "-", stdin=chair))

    @with_every_kubectl
    def test_apply_prune(self, kubectl):
        both = CONFIG_MAP % ("keep", "p") + "---" + CONFIG_MAP % ("drop", "p")
        kubectl("apply", "-f", "-", stdin=both)
        # What 1.20 prunes by default has kinds of versions that are gone.
        kinds = [] if kubectl.has(1, 21) else ["--prune-whitelist=core/v1/ConfigMap"]
        pruned = kubectl("apply", "--prune", "-l", "set=p", *kinds, "-f", "-", stdin=CONFIG_MAP % ("keep", "p"))
        self.assertIn("configmap/drop pruned", pruned)
        self.assertEqual(kubectl("get", "configmaps", "-l", "set=p", "-o", "name"), "configmap/keep\n")

    @with_every_kubectl
    def test_server_side_apply(self, kubectl):
        self.assertEqual(kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT),
                         "deployment.apps/web serverside-applied\n")
        kubectl("scale", "deployment", "web", "--replicas=1")
        conflict = kubectl.fails("apply", "--server-side", "--field-manager=other", "-f", "-",
                                 stdin=DEPLOYMENT.replace("replicas: 2", "replicas: 4"))
        self.assertIn("Apply failed with 1 conflict: conflict with", conflict)
        self.assertIn(".spec.replicas", conflict)
        kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-",
                stdin=DEPLOYMENT.replace("replicas: 2", "replicas: 4"))
        self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 4)

    @with_every_kubectl
    def test_server_side_apply_takes_over(self, kubectl):
        kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
        without = DEPLOYMENT.replace("  labels: {app: web}\n", "", 1)
        if kubectl.has(1, 26):  # older ones leave the fields to the manager "kubectl-client-side-apply"
            kubectl("apply", "--server-side", "-f", "-", stdin=without)
            self.assertNotIn("labels", kubectl.get("deployment", "web")["metadata"])
        else:
            kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT)
            self.assertIn("labels", kubectl.get("deployment", "web")["metadata"])

    @with_every_kubectl
    def test_edit_and_replace(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        editor = self.file("editor", "#!/bin/sh\nsed -i 's/replicas: 2/replicas: 3/' $1\n", executable=True)
        os.environ["KUBE_EDITOR"] = editor
        self.addCleanup(os.environ.pop, "KUBE_EDITOR", None)
        self.assertIn("edited", kubectl("edit", "deployment", "web"))
        self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 3)
        self.assertIn("replaced", kubectl("replace", "-f", "-", stdin=DEPLOYMENT))
        before = kubectl.get("deployment", "web")
        self.assertEqual(before["spec"]["replicas"], 2)
        self.assertIn("replaced", kubectl("replace", "--force", "-f", "-", stdin=DEPLOYMENT))
        self.assertNotEqual(kubectl.get("deployment", "web")["metadata"]["uid"], before["metadata"]["uid"])

    @with_every_kubectl
    def test_patch(self, kubectl):
        kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        patches = [
            ("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"x:2"}]}}}}'),
            ("merge", '{"spec":{"replicas":3}}'),
            ("json", '[{"op":"add","path":"/metadata/labels/b","value":"c"}]'),
        ]
        for kind, patch in patches:
            self.assertIn("patched", kubectl("patch", "deployment", "web", f"--type={kind}", "-p", patch))
        self.assertIn("(no change)", kubectl("patch", "deployment", "web", "--type=merge", "-p", patches[1][1]))
        deployment = kubectl.get("deployment", "web")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual((container["image"], container["ports"][0]["containerPort"]), ("x:2", 80))
        self.assertEqual((deployment["spec"]["replicas"], deployment["metadata"]["labels"]["b"]), (3, "c"))
        if kubectl.has(1, 24):
            one_replica = '{"spec":{"replicas":1}}'
            kubectl("patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", one_replica)
            self.assertEqual(kubectl.get("deployment", "web")["spec"]["replicas"], 1)

    @with_every_kubectl
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
        self.assertIn("paused", kubectl("rollout", "pause", "deployment/web"))
        self.assertIn("resumed", kubectl("rollout", "resume", "deployment/web"))
        self.assertIn("restarted", kubectl("rollout", "restart", "deployment/web"))
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/web"))

    @with_every_kubectl
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
        self.assertIn("timed out", kubectl.fails("wait", "--for=condition=Never", "deployment/web", "--timeout=1s"))
        kubectl("delete", "replicaset", "-l", "app=web", "--cascade=orphan")
        self.assertEqual(len([p for p in kubectl.get("pods")["items"] if "deletionTimestamp" not in p["metadata"]]), 2)
        kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=60s")
        self.assertEqual(kubectl("get", "replicasets", "-o", "name"), "")
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

    @with_every_kubectl
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

    @with_every_kubectl
    def test_kinds_of_the_article(self, kubectl):
        template = DEPLOYMENT.split("  template:")[1]
        daemon_set = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: each}\nspec:\n" \
            "  selector: {matchLabels: {app: web}}\n  template:" + template
        controller = "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: old}\nspec:\n" \
            "  replicas: 2\n  template:" + template.replace("web", "old")
        kubectl("apply", "-f", "-", stdin=daemon_set)
        kubectl("rollout", "status", "daemonset/each")
        kubectl("set", "image", "daemonset/each", "c=x:2")
        kubectl("rollout", "status", "daemonset/each")
        kubectl("rollout", "undo", "daemonset/each")
        self.assertIn("REVISION", kubectl("rollout", "history", "daemonset/each"))
        kubectl("apply", "-f", "-", stdin=controller)
        wait_for("the controller's pods",
                 lambda: kubectl.get("replicationcontroller", "old")["status"].get("readyReplicas") == 2)
        kubectl("scale", "replicationcontroller", "old", "--replicas=1")
        wait_for("one pod", lambda: "Replicas:     1 current / 1 desired" in kubectl("describe", "rc", "old"))


if __name__ == "__main__":
    unittest.main()
