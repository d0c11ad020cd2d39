"""A client of the API for what must be quick or may fail: kubectl takes longer to start than a pod."""

import contextlib
import http.client
import json
import pathlib
import ssl
import time
import urllib.parse


class ApiClient:
    """The administrator of the server with that data directory. `network`: enters the network that the server is in, if another."""

    def __init__(self, server, data, network=contextlib.nullcontext):
        self.address = urllib.parse.urlsplit(server)
        self.network = network
        self.tls = ssl.create_default_context(cafile=f"{data}/pki/ca.crt")
        token = pathlib.Path(data, "pki/admin.token").read_text(encoding="utf-8").strip()
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def connect(self):
        connection = http.client.HTTPSConnection(self.address.hostname, self.address.port, context=self.tls, timeout=60)
        with self.network():
            connection.connect()
        return connection

    def request(self, method, path, body=None):
        """The status and the document of the answer; nothing when the server is not there."""
        try:
            with contextlib.closing(self.connect()) as connection:
                connection.request(method, path, json.dumps(body) if body else None, self.headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return None

    def must(self, method, path, body=None):
        """The document of an answer that says yes."""
        answer = self.request(method, path, body)
        if not answer or answer[0] >= 300:
            raise AssertionError(f"{method} {path}: {answer}")
        return answer[1]

    def watch(self, path):
        """The events of a collection, from now on. The watch has begun when this returns."""
        revision = self.must("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
        connection = self.connect()
        connection.request("GET", f"{path}?watch=1&resourceVersion={revision}", None, self.headers)
        answer = connection.getresponse()
        return (json.loads(line) for line in answer)

    def exec_seconds(self, pod, *command):
        """How long it takes to run a command in a pod of the namespace default that has one container: from the connection to its end."""
        query = urllib.parse.urlencode([("stdout", "1"), *(("command", word) for word in command)])
        begin = time.monotonic()
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", f"/api/v1/namespaces/default/pods/{pod}/exec?{query}", None, {
                **self.headers, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "v4.channel.k8s.io"})
            text = b""
            while b'"status":"Success"' not in text:  # the frames of a server are not masked
                piece = connection.sock.recv(4096)
                if not piece:
                    raise AssertionError(f"exec ended with {text}")
                text += piece
        return time.monotonic() - begin
