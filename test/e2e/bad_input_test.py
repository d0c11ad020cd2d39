"""Bad input: a clear Status error or a closed connection, never a crash, never a lost object. Failed starts: one line and an exit code."""

import json
import os
import socket
import ssl
import subprocess
import tempfile
import unittest

from harness import SKIFF, Cluster, ClusterTestCase, run

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class BadRequestTest(ClusterTestCase):
    runtime = "fake"

    def setUp(self):
        self.cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b")

    def tearDown(self):
        self.assertIsNone(self.cluster.process.poll(), "skiff died")
        self.assertEqual(self.cluster.get("configmap", "kept")["data"], {"a": "b"})
        self.cluster.kubectl("delete", "configmap", "kept")

    def post(self, path, body, content_type="application/json"):
        with tempfile.NamedTemporaryFile(dir=self.cluster.directory) as file:
            file.write(body.encode("utf-8", "surrogateescape"))
            file.flush()
            done = self.cluster.curl(path, "-X", "POST", "-H", f"Content-Type: {content_type}", "-H", "Expect:", "--data-binary",
                                     f"@{file.name}", "-w", "\n%{http_code}")
        text, _, code = done.stdout.rpartition("\n")
        status = json.loads(text)
        self.assertEqual((status["kind"], status["status"]), ("Status", "Failure"))
        return int(code), status["reason"], status["message"]

    def test_bodies(self):
        valid = {"metadata": {"name": "x"}}
        rows = [
            ("malformed JSON", '{"metadata": {', "application/json", 400, "BadRequest"),
            ("malformed YAML", "metadata: [", "application/yaml", 400, "BadRequest"),
            ("nested brackets", "[" * 1_000_000, "application/json", 400, "BadRequest"),
            ("nested objects", '{"data":' * 150_000, "application/json", 400, "BadRequest"),
            ("over 3 MiB", json.dumps({**valid, "data": {"a": "x" * (3 << 20)}}), "application/json", 413, "RequestEntityTooLarge"),
            ("another kind", '{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}}', "application/json", 400, "BadRequest"),
            ("an unknown type", json.dumps(valid), "text/plain", 415, "UnsupportedMediaType"),
            ("an invalid name", '{"metadata": {"name": "Not_A_Name"}}', "application/json", 422, "Invalid"),
            ("no name", '{"metadata": {}}', "application/json", 422, "Invalid"),
            ("a wrong type", '{"metadata": {"name": "x"}, "data": {"a": 1}}', "application/json", 400, "BadRequest"),
            ("another namespace", '{"metadata": {"name": "x", "namespace": "other"}}', "application/json", 400, "BadRequest"),
            ("not UTF-8", '{"metadata": {"name": "\udcff"}}', "application/json", 400, "BadRequest"),
        ]
        for name, body, content_type, code, reason in rows:
            with self.subTest(name):
                self.assertEqual(self.post(CONFIG_MAPS, body, content_type)[:2], (code, reason))

    def test_unknown_kinds_and_names(self):
        done = self.cluster.apply_failure("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n")
        self.assertIn('no matches for kind "Nothing" in version "v1"', done)
        code, reason, message = self.post("/api/v1/namespaces/default/nothings", "{}")
        self.assertEqual((code, reason, message), (404, "NotFound", "the server could not find the requested resource"))

    def test_unknown_fields_are_reported(self):
        path = "/apis/apps/v1/namespaces/default/deployments"
        body = json.dumps({"metadata": {"name": "x"}, "spec": {"replicaz": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}}})
        code, reason, message = self.post(path + "?fieldValidation=Strict", body)
        self.assertEqual((code, reason), (400, "BadRequest"))
        self.assertEqual(message, 'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
                         'unknown field "spec.replicaz"')
        warned = self.cluster.curl(path + "?fieldValidation=Warn&dryRun=All", "-X", "POST", "-H", "Content-Type: application/json",
                                   "--data-binary", body, "-D", "-", "-o", "/dev/null").stdout
        self.assertIn('299 - "unknown field \\"spec.replicaz\\""', warned)
        code, reason, message = self.post(path, body.replace('"replicaz": 1', '"replicas": "three"'))
        self.assertEqual((code, message), (400, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal '
                                           "string into Go struct field DeploymentSpec.spec.replicas of type int32"))
        code, reason, message = self.post(path, body.replace('"labels": {"a": "b"}', '"labels": {"a": "c"}'))
        self.assertEqual((code, reason), (422, "Invalid"))
        self.assertIn("`selector` does not match template `labels`", message)

    def raw(self, data, read=True):
        """Bytes sent over TLS with the administrator's client certificate, then what comes back until the server closes."""
        context = ssl.create_default_context(cafile=f"{self.cluster.data}/pki/ca.crt")
        context.load_cert_chain(f"{self.cluster.data}/pki/admin.crt", f"{self.cluster.data}/pki/admin.key")
        port = int(self.cluster.ready["server"].rsplit(":", 1)[1])
        with self.cluster.in_namespace():
            plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        connection = context.wrap_socket(plain, server_hostname="localhost")
        with connection:
            connection.sendall(data)
            answer = b""
            while read:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
        return answer

    def test_a_request_that_is_cut_off(self):
        head = f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        self.raw(head.encode() + b'{"metadata": {"name": "half"}', read=False)
        self.assertIn("NotFound", self.cluster.kubectl("get", "configmap", "half", check=False).stderr)

    def test_garbage_instead_of_http(self):
        self.assertIn(b" 400 ", self.raw(b"\x00\x01\x02 nonsense\r\n\r\n").split(b"\r\n")[0] + b" ")

    def test_a_client_that_never_reads_its_watch(self):
        context = ssl.create_default_context(cafile=f"{self.cluster.data}/pki/ca.crt")
        context.load_cert_chain(f"{self.cluster.data}/pki/admin.crt", f"{self.cluster.data}/pki/admin.key")
        port = int(self.cluster.ready["server"].rsplit(":", 1)[1])
        with self.cluster.in_namespace():
            plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        with context.wrap_socket(plain, server_hostname="localhost") as deaf:
            deaf.sendall(f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            value = "x" * 200_000
            for number in range(60):
                body = json.dumps({"metadata": {"name": "big"}, "data": {"v": value, "n": str(number)}})
                verb = ["-X", "POST", CONFIG_MAPS] if number == 0 else ["-X", "PUT", f"{CONFIG_MAPS}/big"]
                with tempfile.NamedTemporaryFile("w", dir=self.cluster.directory) as file:
                    file.write(body)
                    file.flush()
                    self.cluster.curl(verb[2], *verb[:2], "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary",
                                      f"@{file.name}", "-o", "/dev/null", "--fail")
            with open(f"/proc/{self.cluster.ready['pid']}/status", encoding="utf-8") as status:
                rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        # 60 versions of 200 KB went by; what is kept of them is bounded.
        self.assertLess(rss, 120_000)
        self.cluster.kubectl("delete", "configmap", "big")


class FailedStartTest(unittest.TestCase):
    def fails(self, *arguments, wrapper=()):
        done = run([*wrapper, SKIFF, "up", *arguments], check=False, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("skiff: "), lines[0])
        return lines[0]

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="skiff-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = self.fails("--runtime", "fake", "--data-dir", self.directory, "--listen", f"127.0.0.1:{port}")
        self.assertIn(f"127.0.0.1:{port}", line)
        self.assertIn("in use", line)

    def test_a_data_directory_that_cannot_be_written(self):
        with open(f"{self.directory}/file", "w", encoding="utf-8"):
            line = self.fails("--runtime", "fake", "--data-dir", f"{self.directory}/file/data", "--listen", "127.0.0.1:0")
        self.assertIn(f"{self.directory}/file/data", line)

    def test_a_second_skiff_on_the_same_data_directory(self):
        cluster = Cluster(runtime="fake")
        self.addCleanup(cluster.close)
        line = self.fails("--runtime", "fake", "--data-dir", cluster.data, "--listen", "127.0.0.1:0")
        self.assertIn(cluster.data, line)
        self.assertIn("in use by another skiff", line)

    @unittest.skipUnless(os.geteuid() == 0, "containers need root")
    def test_a_missing_runtime(self):
        # As on a machine without them, and in a network of its own should it start after all.
        hide = "for program in crun runc; do mount --bind /dev/null /usr/bin/$program || mount --bind /dev/null /usr/sbin/$program; done; "
        wrapper = ["unshare", "--mount", "--net", "sh", "-c", hide + 'exec "$@"', "sh"]
        line = self.fails("--data-dir", self.directory, "--listen", "127.0.0.1:0", wrapper=wrapper)
        self.assertIn("install Debian's package crun", line)

    def test_a_node_name_that_is_none(self):
        line = self.fails("--runtime", "fake", "--data-dir", self.directory, "--listen", "127.0.0.1:0", "--node-name", "A B")
        self.assertIn('--node-name "A B": a lowercase RFC 1123 subdomain must consist of', line)

    def test_options_that_make_no_sense(self):
        self.assertIn("--listen", self.fails("--listen", "nowhere"))
        self.assertIn("--nodes", self.fails("--nodes", "minus one"))


if __name__ == "__main__":
    unittest.main()
