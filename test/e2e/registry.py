"""A real image registry (Debian's docker-registry) inside a cluster's network namespace, and pushing to it."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import socket
import subprocess
import tarfile
import tempfile

from harness import wait_for

CONFIGURATION = """
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {directory}/storage}}
http: {{addr: "{address}"}}
"""
# With a password: what stands in the htpasswd file (bcrypt), and what clients send.
AUTHENTICATION = "auth: {{htpasswd: {{realm: private, path: {directory}/htpasswd}}}}\n"
USER, PASSWORD = "ann", "correct horse"
HTPASSWD = "ann:$2b$04$PRR32nMEYXGqqAG8PdPbxO2iqBTL4pfhKiAsF2pYGa7l.sdkgdev.\n"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """`docker-registry serve` on a free port of the namespace's loopback, with storage of its own. Close it before the cluster."""

    def __init__(self, cluster, private=False):
        self.cluster = cluster
        self.private = private
        self.directory = tempfile.TemporaryDirectory(prefix="skiff-e2e-registry-")
        with cluster.in_namespace(), contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        configuration = os.path.join(self.directory.name, "config.yml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write((CONFIGURATION + (AUTHENTICATION if private else "")).format(directory=self.directory.name,
                                                                                    address=self.address))
        with open(os.path.join(self.directory.name, "htpasswd"), "w", encoding="utf-8") as file:
            file.write(HTPASSWD)
        self.log = open(os.path.join(self.directory.name, "log"), "wb")
        self.process = subprocess.Popen(cluster.inside(["docker-registry", "serve", configuration]), stdout=self.log,
                                        stderr=subprocess.STDOUT)
        try:
            wait_for("the registry", self.answers)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        self.directory.cleanup()

    def answers(self):
        try:
            return self.request("GET", "/v2/")
        except OSError as error:
            raise AssertionError(error) from error

    def request(self, method, target, body=None, **headers):
        """Sends a request and returns the answer's headers; anything but success is an AssertionError."""
        if self.private:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        with self.cluster.in_namespace(), contextlib.closing(http.client.HTTPConnection(self.address, timeout=30)) as connection:
            connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            text = answer.read()
        if not 200 <= answer.status < 300:
            raise AssertionError(f"{method} {target}: {answer.status} {text}")
        return answer.headers

    def push_blob(self, repository, data):
        """Uploads a blob; its digest and size as a descriptor has them."""
        upload = self.request("POST", f"/v2/{repository}/blobs/uploads/")["Location"]
        target = upload[upload.index("/v2/"):]
        self.request("PUT", f"{target}{'&' if '?' in target else '?'}digest={digest_of(data)}", data,
                     Content_Type="application/octet-stream")
        return {"digest": digest_of(data), "size": len(data)}

    def push(self, archive, repository, tag):
        """Pushes the image of a docker archive of one image; its name for pods."""
        with tarfile.open(archive) as tar:
            image = json.load(tar.extractfile("manifest.json"))[0]
            config = self.push_blob(repository, tar.extractfile(image["Config"]).read())
            layers = [self.push_blob(repository, tar.extractfile(layer).read()) for layer in image["Layers"]]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer} for layer in layers],
        }
        self.request("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest), Content_Type=MANIFEST_TYPE)
        return self.name(repository, tag)

    def name(self, repository, tag):
        return f"{self.address}/{repository}:{tag}"
