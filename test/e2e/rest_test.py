"""The REST paths with curl: what kubectl does, `?watch=1` streams included. Simulated nodes are enough here."""

import json
import pathlib
import stat
import subprocess
import unittest

from harness import ClusterTestCase, wait_for

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class RestTest(ClusterTestCase):
    runtime = "fake"

    def call(self, method, path, body=None, content_type="application/json"):
        """(status code, document)."""
        options = ["-X", method, "-w", "\n%{http_code}"]
        if body is not None:
            options += ["-H", f"Content-Type: {content_type}", "--data-binary", body if isinstance(body, str) else json.dumps(body)]
        text, _, code = self.cluster.curl(path, *options).stdout.rpartition("\n")
        return int(code), json.loads(text)

    def test_a_config_map_through_its_life(self):
        code, created = self.call("POST", CONFIG_MAPS, {"metadata": {"generateName": "made-"}, "data": {"a": "1"}})
        self.assertEqual(code, 201)
        name = created["metadata"]["name"]
        self.assertRegex(name, r"^made-[bcdfghjklmnpqrstvwxz2456789]{5}$")
        path = f"{CONFIG_MAPS}/{name}"
        self.assertEqual(self.call("GET", path), (200, created))

        stale = json.loads(json.dumps(created))
        created["data"]["a"] = "2"
        code, updated = self.call("PUT", path, created)
        self.assertEqual((code, updated["data"]), (200, {"a": "2"}))
        self.assertGreater(int(updated["metadata"]["resourceVersion"]), int(stale["metadata"]["resourceVersion"]))
        stale["data"]["a"] = "late"
        code, conflict = self.call("PUT", path, stale)
        self.assertEqual((code, conflict["reason"]), (409, "Conflict"))
        self.assertEqual(conflict["message"], f'Operation cannot be fulfilled on configmaps "{name}": the object has been modified; '
                         "please apply your changes to the latest version and try again")

        for content_type, patch, expected in [
                ("application/merge-patch+json", {"data": {"b": "m"}}, {"a": "2", "b": "m"}),
                ("application/strategic-merge-patch+json", {"data": {"a": None}}, {"b": "m"}),
                ("application/json-patch+json", [{"op": "add", "path": "/data/c", "value": "j"}], {"b": "m", "c": "j"})]:
            code, patched = self.call("PATCH", path, patch, content_type)
            self.assertEqual((code, patched["data"]), (200, expected), content_type)

        code, listed = self.call("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name={name}")
        self.assertEqual([item["metadata"]["name"] for item in listed["items"]], [name])
        code, status = self.call("DELETE", path)
        self.assertEqual((code, status["status"]), (200, "Success"))
        code, missing = self.call("GET", path)
        self.assertEqual((code, missing["reason"], missing["message"]), (404, "NotFound", f'configmaps "{name}" not found'))

    def test_a_dry_run_changes_nothing(self):
        code, _ = self.call("POST", f"{CONFIG_MAPS}?dryRun=All", {"metadata": {"name": "dry"}})
        self.assertEqual(code, 201)
        self.assertEqual(self.call("GET", f"{CONFIG_MAPS}/dry")[0], 404)

    def test_lists_come_in_pages_that_agree(self):
        for number in range(5):
            self.call("POST", CONFIG_MAPS, {"metadata": {"name": f"page-{number}", "labels": {"paged": "yes"}}})
        code, first = self.call("GET", f"{CONFIG_MAPS}?labelSelector=paged%3Dyes&limit=2")
        self.assertEqual(code, 200)
        self.call("DELETE", f"{CONFIG_MAPS}/page-3")
        names = [item["metadata"]["name"] for item in first["items"]]
        token = first["metadata"]["continue"]
        while token:
            code, page = self.call("GET", f"{CONFIG_MAPS}?labelSelector=paged%3Dyes&limit=2&continue={token}")
            self.assertEqual(page["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"])
            names += [item["metadata"]["name"] for item in page["items"]]
            token = page["metadata"].get("continue")
        self.assertEqual(names, [f"page-{number}" for number in range(5)])
        self.call("DELETE", f"{CONFIG_MAPS}?labelSelector=paged%3Dyes")
        self.assertEqual(self.call("GET", f"{CONFIG_MAPS}?labelSelector=paged%3Dyes")[1]["items"], [])

    def test_a_watch_streams_changes_of_a_selection(self):
        revision = self.call("GET", CONFIG_MAPS)[1]["metadata"]["resourceVersion"]
        path = f"{CONFIG_MAPS}?watch=1&timeoutSeconds=30&labelSelector=seen%3Dyes&resourceVersion={revision}"
        watch = subprocess.Popen(self.cluster.inside(self.curl_command(path)), stdout=subprocess.PIPE, text=True)
        try:
            self.call("POST", CONFIG_MAPS, {"metadata": {"name": "unseen"}})
            self.call("POST", CONFIG_MAPS, {"metadata": {"name": "seen", "labels": {"seen": "yes"}}})
            merge = "application/merge-patch+json"
            self.call("PATCH", f"{CONFIG_MAPS}/seen", {"data": {"a": "b"}}, merge)
            self.call("PATCH", f"{CONFIG_MAPS}/unseen", {"metadata": {"labels": {"seen": "yes"}}}, merge)
            self.call("PATCH", f"{CONFIG_MAPS}/seen", {"metadata": {"labels": {"seen": None}}}, merge)
            self.call("DELETE", f"{CONFIG_MAPS}/unseen")
            events = [json.loads(watch.stdout.readline()) for _ in range(5)]
        finally:
            watch.kill()
            watch.wait()
            watch.stdout.close()
        self.assertEqual([(event["type"], event["object"]["metadata"]["name"]) for event in events],
                         [("ADDED", "seen"), ("MODIFIED", "seen"), ("ADDED", "unseen"), ("DELETED", "seen"), ("DELETED", "unseen")])
        revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.call("DELETE", f"{CONFIG_MAPS}/seen")

    def test_a_watch_over_a_websocket(self):
        """As a browser asks for it. curl shows the frames as they come, and the stream ends with its time."""
        self.call("POST", CONFIG_MAPS, {"metadata": {"name": "framed"}})
        path = f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dframed"
        command = self.curl_command(path) + ["--http1.1"]
        for header in ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]:
            command += ["-H", header]
        frames = subprocess.run(self.cluster.inside(command), stdout=subprocess.PIPE, check=False).stdout
        self.assertEqual(frames[:2], b"\x81\x7e")  # all of a text message, its length in two bytes
        end = 4 + int.from_bytes(frames[2:4], "big")
        event = json.loads(frames[4:end])
        self.assertEqual((event["type"], event["object"]["metadata"]["name"]), ("ADDED", "framed"))
        self.assertEqual(frames[end:], b"\x88\x02\x03\xe8")  # closed, and all is well
        self.call("DELETE", f"{CONFIG_MAPS}/framed")

    def curl_command(self, path):
        with open(f"{self.cluster.data}/pki/admin.token", encoding="utf-8") as token:
            header = f"Authorization: Bearer {token.read().strip()}"
        return ["curl", "--silent", "--no-buffer", "--noproxy", "*", "--cacert", f"{self.cluster.data}/pki/ca.crt", "-H", header,
                self.cluster.ready["server"] + path]

    def test_what_is_stored_is_for_the_administrator_alone(self):
        files = list(pathlib.Path(self.cluster.data).glob("store.db*")) + [pathlib.Path(self.cluster.ready["kubeconfig"])]
        self.assertGreater(len(files), 2)
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    def test_only_health_and_version_answer_strangers(self):
        curl = ["curl", "--silent", "--noproxy", "*", "--cacert", f"{self.cluster.data}/pki/ca.crt", "-w", "\n%{http_code}"]
        server = self.cluster.ready["server"]

        def ask(path, *options):
            done = subprocess.run(self.cluster.inside([*curl, *options, server + path]), capture_output=True, text=True, check=True)
            text, _, code = done.stdout.rpartition("\n")
            return int(code), text

        for path in ["/livez", "/readyz", "/healthz"]:
            self.assertEqual(ask(path), (200, "ok"))
        self.assertEqual(json.loads(ask("/version")[1])["major"], "1")
        for path in ["/api", "/apis", "/api/v1/pods", "/openapi/v2", "/nothing", CONFIG_MAPS]:
            code, text = ask(path)
            self.assertEqual((code, json.loads(text)["reason"]), (401, "Unauthorized"), path)
        self.assertEqual(ask("/api/v1/pods", "-H", "Authorization: Bearer wrong")[0], 401)

    def headers_of(self, path, *options):
        """(status line, headers by lower-case name, body)."""
        text = self.cluster.curl(path, "--include", "--http1.1", *options).stdout
        head, _, body = text.partition("\n\n")
        status, *lines = head.splitlines()
        return status, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, body

    def test_http_in_detail(self):
        status, headers, body = self.headers_of("/nowhere")
        self.assertEqual((status, headers["content-type"], body),
                         ("HTTP/1.1 404 Not Found", "text/plain; charset=utf-8", "404 page not found\n"))
        status, headers, body = self.headers_of(CONFIG_MAPS, "-X", "OPTIONS")
        self.assertEqual((status, headers["allow"], json.loads(body)["reason"]),
                         ("HTTP/1.1 405 Method Not Allowed", "DELETE, GET, POST", "MethodNotAllowed"))
        self.assertEqual(self.headers_of(CONFIG_MAPS, "-H", "Audit-ID: mine")[1]["audit-id"], "mine")

        etag = self.headers_of("/openapi/v2", "-H", "Accept: application/json")[1]["etag"]
        status, _, body = self.headers_of("/openapi/v2", "-H", "Accept: application/json", "-H", f"If-None-Match: {etag}")
        self.assertEqual((status, body), ("HTTP/1.1 304 Not Modified", ""))
        # In two steps, since an argument of a command may not be as long.
        self.call("POST", CONFIG_MAPS, {"metadata": {"name": "large"}, "data": {"a": "x" * 100_000}})
        self.call("PATCH", f"{CONFIG_MAPS}/large", {"data": {"b": "x" * 100_000}}, "application/merge-patch+json")
        _, headers, body = self.headers_of(f"{CONFIG_MAPS}/large", "--compressed")
        self.assertEqual((headers["content-encoding"], len(json.loads(body)["data"]["b"])), ("gzip", 100_000))
        self.assertLess(int(headers["content-length"]), 10_000)
        self.call("DELETE", f"{CONFIG_MAPS}/large")

        self.assertIn("/openapi/v3", json.loads(self.cluster.kubectl("get", "--raw", "/").stdout)["paths"])
        self.assertTrue(self.cluster.kubectl("get", "--raw", "/version").stdout.startswith('{\n  "'))
        issuer = json.loads(self.cluster.kubectl("get", "--raw", "/.well-known/openid-configuration").stdout)
        self.assertEqual(issuer["jwks_uri"], self.cluster.ready["server"] + "/openid/v1/jwks")

    def test_a_deployment_scales_through_its_subresource(self):
        self.call("POST", "/apis/apps/v1/namespaces/default/deployments", {
            "metadata": {"name": "scaled"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "scaled"}},
                     "template": {"metadata": {"labels": {"app": "scaled"}},
                                  "spec": {"containers": [{"name": "c", "image": "x"}]}}}})
        path = "/apis/apps/v1/namespaces/default/deployments/scaled"
        code, scale = self.call("GET", path + "/scale")
        self.assertEqual((code, scale["kind"], scale["spec"]), (200, "Scale", {"replicas": 1}))
        scale["spec"]["replicas"] = 3
        del scale["metadata"]["resourceVersion"]  # whatever the controller writes meanwhile
        self.assertEqual(self.call("PUT", path + "/scale", scale)[0], 200)
        self.cluster.wait_running("app=scaled", 3)
        self.assertEqual(wait_for("its status", lambda: self.call("GET", path)[1]["status"].get("readyReplicas") == 3), True)
        self.call("DELETE", path, {"propagationPolicy": "Background"})
        wait_for("its pods to go", lambda: not self.cluster.get("pods", "-l", "app=scaled")["items"])


if __name__ == "__main__":
    unittest.main()
