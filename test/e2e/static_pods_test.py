"""Static pods: the article's chapter about them, and what becomes of manifests that change, break or come by HTTP."""

import contextlib
import http.server
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import unittest

from harness import ClusterTestCase, wait_for

ARTICLE = pathlib.Path(__file__).parent / "article"
POD = "static-web-node-1"
URL_PORT = 8099

MORE = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "trap exit TERM; echo {text}; while :; do sleep 0.1; done"]
"""


class Manifests(http.server.BaseHTTPRequestHandler):
    """What --manifest-url finds."""

    text = ""
    token = None

    def do_GET(self):
        Manifests.token = self.headers.get("X-Token")
        body = Manifests.text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def manifest_server(cluster):
    with cluster.in_namespace():
        server = http.server.HTTPServer(("127.0.0.1", URL_PORT), Manifests)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class StaticPodsTest(ClusterTestCase):
    @classmethod
    def setUpClass(cls):
        cls.manifests = tempfile.mkdtemp(prefix="skiff-e2e-kubelet.d-")
        cls.addClassCleanup(shutil.rmtree, cls.manifests)
        cls.options = ("--pod-manifest-path", cls.manifests, "--manifest-url", f"http://127.0.0.1:{URL_PORT}/pods",
                       "--manifest-url-header", "X-Token:abc", "--http-check-frequency", "200ms")
        super().setUpClass()

    def tearDown(self):
        for name in os.listdir(self.manifests):
            os.remove(f"{self.manifests}/{name}")
        wait_for("the end of all pods", lambda: self.cluster.get("pods")["items"] == [])

    def write(self, name, text):
        """As `cat <<EOF >name` does."""
        with open(f"{self.manifests}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def write_article_pod(self):
        self.write("static-web.yaml", (ARTICLE / "static-web.yaml").read_text(encoding="utf-8"))
        return self.cluster.wait_running("role=myrole", 1)[0]

    def container_of(self, name):
        return self.cluster.get("pod", name)["status"]["containerStatuses"][0]["containerID"]

    def warnings(self):
        """The messages of the node's events about files."""
        events = self.cluster.get("events", "--field-selector", "involvedObject.kind=Node,reason=FailedValidation")["items"]
        return sorted(event["message"] for event in events if event["message"].startswith("Could not process"))

    def test_the_article(self):
        pod = self.write_article_pod()
        self.assertEqual(pod["metadata"]["name"], POD)
        line = self.cluster.kubectl("get", "pod").stdout.splitlines()[1].split()
        self.assertEqual(line[:4], [POD, "1/1", "Running", "0"])
        self.assertIn("Hello from a pod", self.cluster.http_get(pod["status"]["podIP"]))
        described = self.cluster.kubectl("describe", "pod", POD).stdout
        self.assertIn("Controlled By:  Node/node-1", described)
        self.assertIn(":NoExecute op=Exists", described)
        wait_for("the events", lambda: "Started container web" in self.cluster.kubectl("describe", "pod", POD).stdout)
        self.assertEqual(self.cluster.kubectl("exec", POD, "--", "hostname").stdout.strip(), POD)
        annotations = pod["metadata"]["annotations"]
        self.assertEqual(annotations["kubernetes.io/config.source"], "file")
        self.assertEqual(annotations["kubernetes.io/config.mirror"], annotations["kubernetes.io/config.hash"])

        # "An attempt by the Master node to delete this Pod will cause its status to become Pending and it will not be deleted."
        container = self.container_of(POD)
        start = self.cluster.revision()
        self.assertEqual(self.cluster.kubectl("delete", "pod", POD).stdout, f'pod "{POD}" deleted\n')
        again = self.cluster.wait_running("role=myrole", 1)[0]
        self.assertNotEqual(again["metadata"]["uid"], pod["metadata"]["uid"])
        self.assertEqual(self.container_of(POD), container)
        watched = self.cluster.curl(f"/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1&resourceVersion={start}",
                                    "-H", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io").stdout
        self.assertIn('"Pending"', watched)

    def test_nobody_else_removes_them(self):
        self.write_article_pod()
        container = self.container_of(POD)
        drained = self.cluster.kubectl("drain", "node-1")
        self.assertIn("node/node-1 drained", drained.stdout)
        self.cluster.kubectl("taint", "nodes", "node-1", "gone=yes:NoExecute")
        self.cluster.kubectl("taint", "nodes", "node-1", "gone-")
        self.cluster.kubectl("uncordon", "node-1")
        # Nor do they go, or start anew, with skiff.
        self.cluster.restart(signal.SIGKILL)
        self.assertEqual(self.cluster.wait_running("role=myrole", 1)[0]["status"]["containerStatuses"][0]["restartCount"], 0)
        self.assertEqual(self.container_of(POD), container)

    def test_a_manifest_changes(self):
        self.write("more.yaml", MORE.format(name="more", text="first"))
        wait_for("its log", lambda: self.cluster.kubectl("logs", "more-node-1", check=False).stdout == "first\n")
        before = self.cluster.get("pod", "more-node-1")
        self.write("more.yaml", MORE.format(name="more", text="second"))
        wait_for("the other", lambda: self.cluster.kubectl("logs", "more-node-1", check=False).stdout == "second\n")

        def replaced():
            after = self.cluster.get("pod", "more-node-1")
            self.assertNotEqual(after["metadata"]["uid"], before["metadata"]["uid"])
            self.assertIn("second", after["spec"]["containers"][0]["command"][2])
            return after["status"]["phase"] == "Running"

        wait_for("its mirror", replaced)
        os.remove(f"{self.manifests}/more.yaml")
        wait_for("its end", lambda: self.cluster.get("pods")["items"] == [])

    def test_broken_manifests_are_told_of_and_others_go_on(self):
        self.write("broken.yaml", "spec: [")
        self.write("config.yaml", MORE.format(name="config", text="x") + "    envFrom: [{configMapRef: {name: c}}]\n")
        self.write("wrong.json", '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"wrong"},"spec":{}}')
        self.write(".hidden.yaml", MORE.format(name="hidden", text="x"))
        self.write("good.yaml", MORE.format(name="good", text="x"))
        wait_for("the good one", lambda: self.cluster.get("pod", "good-node-1")["status"]["phase"] == "Running")
        messages = wait_for("the events", lambda: (lambda found: len(found) == 3 and found)(self.warnings()))
        prefix = f'Could not process manifest file "{self.manifests}'
        self.assertTrue(messages[0].startswith(f'{prefix}/broken.yaml": {self.manifests}/broken.yaml: couldn\'t parse as pod('),
                        messages[0])
        self.assertEqual(messages[1], f'{prefix}/config.yaml": static pods may not reference configmaps')
        self.assertIn("spec.containers: Required value", messages[2])
        self.assertIn("static pods may not reference configmaps", self.cluster.kubectl("describe", "node", "node-1").stdout)
        names = [pod["metadata"]["name"] for pod in self.cluster.get("pods")["items"]]
        self.assertEqual(names, ["good-node-1"])

    def test_manifests_by_http(self):
        with manifest_server(self.cluster):
            Manifests.text = MORE.format(name="remote", text="x")
            wait_for("the pod", lambda: self.cluster.get("pod", "remote-node-1")["status"]["phase"] == "Running")
            self.assertEqual(Manifests.token, "abc")
            pod = self.cluster.get("pod", "remote-node-1")
            self.assertEqual(pod["metadata"]["annotations"]["kubernetes.io/config.source"], "http")
            Manifests.text = '{"apiVersion": "v1", "kind": "PodList", "items": []}'
            wait_for("its end", lambda: self.cluster.get("pods")["items"] == [])


if __name__ == "__main__":
    unittest.main()
