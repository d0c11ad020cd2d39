"""Who am I and what may I: kubectl auth, and kubectl --as, over every kubectl on the machine. And who is the server."""

import contextlib
import os
import struct
import subprocess
import unittest

from harness import Cluster, ClusterTestCase
from kubectls import with_every_kubectl


class AuthTest(ClusterTestCase):
    runtime = "fake"

    @with_every_kubectl
    def test_can_i(self, kubectl):
        self.assertEqual(kubectl("auth", "can-i", "create", "deployments.apps"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "pods", "--subresource=log"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "/logs"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "pods", "--as", "joe", "--as-group", "dev"), "yes\n")
        rules = [line.split() for line in kubectl("auth", "can-i", "--list").splitlines()]
        self.assertIn(["*.*", "[]", "[]", "[*]"], rules)
        self.assertIn(["[*]", "[]", "[*]"], rules)

    @with_every_kubectl
    def test_whoami(self, kubectl):
        if not kubectl.has(1, 27):  # alpha, or unknown
            return

        def user(*arguments):
            return kubectl("auth", "whoami", *arguments, "-o", "jsonpath={.status.userInfo}")

        administrator = user()
        self.assertIn('"username":"kubernetes-admin"', administrator)
        self.assertIn('"groups":["system:masters","system:authenticated"]', administrator)
        self.assertIn('"username":"joe"', user("--as", "joe"))
        self.assertIn('"groups":["dev","system:authenticated"]', user("--as", "joe", "--as-group", "dev"))
        self.assertEqual(kubectl("auth", "whoami").split()[:4], ["ATTRIBUTE", "VALUE", "Username", "kubernetes-admin"])

    def raw(self, path, *options):
        """What `kubectl get --raw` prints, in bytes, and what it says instead."""
        command = self.cluster.kubectl_command("get", "--raw", path, *options)
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        return done.stdout, done.stderr.decode()

    def test_what_is_inside_is_for_administrators(self):
        """A profile of the processor, where the memory is, the database: 403 for everybody else."""
        for path in ("/debug/pprof/profile?seconds=1", "/debug/malloc", "/debug/backup", "/debug/whatever"):
            shown, refusal = self.raw(path, "--as", "joe")
            self.assertEqual(shown, b"")
            self.assertIn("Error from server (Forbidden)", refusal)
        self.assertTrue(self.raw("/debug/malloc")[0].startswith((b'{"jemalloc":', b"<malloc")))
        profile, refusal = self.raw("/debug/pprof/profile?seconds=1")
        if not profile:
            self.assertIn("libgoogle-perftools4", refusal)
            self.skipTest(refusal)
        # gperftools' "cpuprofile-fileformat": a header, samples, a trailer, and /proc/self/maps.
        self.assertEqual(struct.unpack_from("@5N", profile), (0, 3, 0, 10000, 0))
        self.assertIn(b"[stack]", profile)

    def test_figures_of_all_parts(self):
        """/metrics has those of the server, the controllers and the scheduler; nodes/NAME/proxy/metrics the node's."""
        figures = self.raw("/metrics")[0].decode()
        for name in ('workqueue_depth{name="deployment"} 0', 'workqueue_unfinished_work_seconds{name="job"} 0',
                     'scheduler_pending_pods{queue="active"} 0', 'apiserver_storage_objects{resource="namespaces"} ',
                     'apiserver_storage_size_bytes{storage_cluster_id="sqlite"} ',
                     'etcd_request_duration_seconds_count{operation="create",type="namespaces"} '):
            self.assertIn("\n" + name, figures)
        self.assertNotIn('\nworkqueue_adds_total{name="serviceaccount"} 0\n', figures)
        node = self.cluster.get("nodes")["items"][0]["metadata"]["name"]
        figures = self.raw(f"/api/v1/nodes/{node}/proxy/metrics")[0].decode()
        self.assertIn(f'\nkubelet_node_name{{node="{node}"}} 1\n', figures)
        self.assertIn("\nkubelet_running_pods 0\n", figures)

    def test_a_certificate_from_elsewhere(self):
        """--tls-cert-file: the kubeconfig and the pods' kube-root-ca.crt know the certificate, though another authority signed it."""
        files = [os.path.join(self.cluster.data, "pki", "apiserver" + ending) for ending in (".crt", ".key")]
        other = Cluster("--tls-cert-file", files[0], "--tls-private-key-file", files[1], runtime="fake")
        with contextlib.closing(other):
            self.assertEqual(other.kubectl("get", "namespace", "default", "-o", "name").stdout, "namespace/default\n")
            with open(files[0], encoding="utf-8") as certificate:
                self.assertIn(certificate.read(), other.get("configmap", "kube-root-ca.crt")["data"]["ca.crt"])


if __name__ == "__main__":
    unittest.main()
