"""The server is killed with SIGKILL at random moments, over and over, while concurrent clients write.

What was acknowledged is there after each start, what was not is there as a whole or not at all, and revisions never repeat or run
backwards: what the clients saw is linearizable, and a watch that goes on where the last one was tells the same story. Says the seed
of its dice; SKIFF_SEED throws them again, SKIFF_SERVER_KILLS says how often to kill.
"""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from api_client import ApiClient
from harness import SKIFF, run
from linearizability import UNKNOWN, Operation, linearizable

KILLS = int(os.environ.get("SKIFF_SERVER_KILLS", "50"))
SEED = int(os.environ.get("SKIFF_SEED", "1"))
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
CLIENTS = 4
OBJECTS = 5  # that the clients of one life of the server share
PREFIX = "durable-"


class Server:
    """`skiff server` on a data directory of its own."""

    def __init__(self, data):
        self.data = data
        self.process = None

    def spawn(self):
        self.process = subprocess.Popen([SKIFF, "server", "--data-dir", self.data, "--listen", "127.0.0.1:0", "--log-level", "warning"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def start(self):
        self.spawn()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the server does not start: {self.process.communicate()[1]}")
        return ApiClient(json.loads(line)["server"], self.data)

    def stop(self, how=signal.SIGKILL):
        if self.process:
            self.process.send_signal(how)
            self.process.communicate(timeout=30)
        self.process = None


def config_map(name, value, revision=None):
    # The second is long, so that it is not written at once, and must fit to the first.
    return {"metadata": {"name": name, **({"resourceVersion": revision} if revision else {})},
            "data": {"short": value, "long": f"{value} " * 300}}


def value_of(document):
    short, long = document["data"]["short"], document["data"]["long"]
    if long != f"{short} " * 300:
        raise AssertionError(f"half of a write: {document}")
    return short


class Witnesses:
    """What the clients and watches of all lives of the server saw."""

    def __init__(self):
        self.clock = itertools.count()
        self.mutex = threading.Lock()
        self.revisions = {}  # what happened at each that anybody heard of
        self.histories = {}  # by object

    def saw(self, name, document, deleted=False):
        """The revision of an object that was answered."""
        revision = int(document["metadata"]["resourceVersion"])
        what = (name, None if deleted else value_of(document))
        with self.mutex:
            if self.revisions.setdefault(revision, what) != what:
                raise AssertionError(f"revision {revision} is of {what} and of {self.revisions[revision]}")
        return revision

    def did(self, name, operation):
        with self.mutex:
            self.histories.setdefault(name, []).append(operation)


class Client:
    """Does one thing after the other to the objects that it is given, until the server is gone."""

    OUTCOMES = {"POST": {201: "ok", 409: "exists"}, "PUT": {200: "ok", 409: "conflict", 404: "missing"},
                "DELETE": {200: "ok", 404: "missing"}, "GET": {200: "ok", 404: "missing"}}
    VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete", "GET": "read"}

    def __init__(self, api, witnesses, names, seed):
        self.api = api
        self.witnesses = witnesses
        self.names = names
        self.dice = random.Random(seed)
        self.known = {}  # revision and value of the objects that were there
        self.written = (f"{seed}-{number}" for number in itertools.count())

    def work(self):
        """How many answers came."""
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(self.api.connect()) as connection:
            for count in itertools.count():
                if not self.step(connection):
                    return count
        return 0

    def step(self, connection):
        name = self.dice.choice(self.names)
        revision, expected = self.known.get(name, ("1", None))
        method = self.dice.choice(("PUT", "PUT", "PUT", "GET", "DELETE") if name in self.known else ("POST", "POST", "GET"))
        value = next(self.written) if method in ("POST", "PUT") else None
        body = config_map(name, value, revision if method == "PUT" else None) if value else None
        path = CONFIG_MAPS if method == "POST" else f"{CONFIG_MAPS}/{name}"
        begin = next(self.witnesses.clock)
        try:
            connection.request(method, path, json.dumps(body) if body else None, self.api.headers)
            answer = connection.getresponse()
            status, document = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.witnesses.did(name, Operation(begin, self.VERBS[method], UNKNOWN, value, expected))
            return False
        outcome = self.OUTCOMES[method].get(status)
        if outcome is None:
            raise AssertionError(f"{method} {path}: {status} {document}")
        self.known.pop(name, None)
        if outcome == "ok" and method != "DELETE":
            self.known[name] = str(self.witnesses.saw(name, document)), value_of(document)
            value = value_of(document)
        self.witnesses.did(name, Operation(begin, self.VERBS[method], outcome, value, expected, next(self.witnesses.clock)))
        return True


class DurabilityTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="skiff-e2e-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data = f"{self.directory}/data"
        self.server = Server(self.data)
        self.addCleanup(self.server.stop)
        self.witnesses = Witnesses()

    def objects(self, api):
        """Revision and value by name, and the revision of the whole."""
        found = api.must("GET", CONFIG_MAPS)
        objects = {item["metadata"]["name"]: (self.witnesses.saw(item["metadata"]["name"], item), value_of(item))
                   for item in found["items"] if item["metadata"]["name"].startswith(PREFIX)}
        return objects, int(found["metadata"]["resourceVersion"])

    def follow(self, api, revision, before, after):
        """Goes on where a watch of an earlier life was, until what was there before has become what is there now."""
        watched = dict(before)
        with contextlib.closing(api.connect()) as connection:
            connection.sock.settimeout(20)
            connection.request("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion={revision}", None, api.headers)
            answer = connection.getresponse()
            while watched != after:
                try:
                    event = json.loads(answer.readline())
                except socket.timeout:
                    self.fail(f"the watch from {revision} says nothing of {set(watched.items()) ^ set(after.items())}")
                name = event["object"].get("metadata", {}).get("name", "")
                self.assertIn(event["type"], ("ADDED", "MODIFIED", "DELETED"), event)
                if not name.startswith(PREFIX):
                    continue
                deleted = event["type"] == "DELETED"
                seen = self.witnesses.saw(name, event["object"], deleted)
                self.assertGreater(seen, revision, "events run backwards")
                revision = seen
                if deleted:
                    del watched[name]
                else:
                    watched[name] = seen, value_of(event["object"])

    def check_life(self, api, names, before, revision):
        """After a start: what the clients of the life before did to those objects, and what is there now."""
        begin = next(self.witnesses.clock)
        after, now = self.objects(api)
        end = next(self.witnesses.clock)
        self.assertGreaterEqual(now, max(self.witnesses.revisions, default=0), "revisions run backwards")
        for name in names:
            there = after.get(name)
            self.witnesses.did(name, Operation(begin, "read", "ok" if there else "missing", there[1] if there else None, end=end))
            history = self.witnesses.histories.pop(name)
            self.assertTrue(linearizable(history), f"{name}: {sorted(history, key=lambda each: each.begin)}")
        others = {name: there for name, there in after.items() if name not in names}
        self.assertEqual(others, before, "objects that nobody touched")
        self.follow(api, revision, before, after)
        return after, now

    def test_killed_over_and_over(self):
        print(f"SKIFF_SEED={SEED} SKIFF_SERVER_KILLS={KILLS}", flush=True)
        dice = random.Random(SEED)
        api = self.server.start()
        objects, revision = self.objects(api)
        answered = 0
        for life in range(KILLS):
            names = [f"{PREFIX}{life}-{number}" for number in range(OBJECTS)]
            clients = [Client(api, self.witnesses, names, f"{life}-{number}") for number in range(CLIENTS)]
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
                working = [threads.submit(client.work) for client in clients]
                time.sleep(dice.uniform(0.01, 0.3))
                self.server.stop()
            answered += sum(each.result() for each in working)
            if dice.random() < 0.2:  # now and then also in the middle of a start
                self.server.spawn()
                time.sleep(dice.uniform(0, 0.06))
                self.server.stop()
            api = self.server.start()
            objects, revision = self.check_life(api, names, objects, revision)
        self.assertGreater(answered, KILLS * CLIENTS)

    def test_backup_and_damage(self):
        api = self.server.start()
        backup = f"{self.directory}/backup.db"
        for number in range(50):
            api.must("POST", CONFIG_MAPS, config_map(f"{PREFIX}{number}", "before"))
        before, _ = self.objects(api)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            client = threads.submit(Client(api, self.witnesses, ["other"], "other").work)
            said = run([SKIFF, "db", "backup", backup, "--data-dir", self.data]).stdout
            self.assertRegex(said, rf"^{backup}: \d+ objects, whole\n$")
            self.assertEqual(os.stat(backup).st_mode & 0o777, 0o600)
            self.assertEqual(os.listdir(self.directory).count("backup.db.part"), 0)
            in_use = run([SKIFF, "db", "check", "--data-dir", self.data], check=False)
            self.assertEqual(in_use.returncode, 1)
            self.assertIn("skiff runs on it", in_use.stderr)
            self.server.stop()
            client.result()

        self.assertIn("objects, whole", run([SKIFF, "db", "check", "--data-dir", self.data]).stdout)
        # A backup without a server, of the same.
        run([SKIFF, "db", "backup", f"{self.directory}/second.db", "--data-dir", self.data])
        store = f"{self.data}/store.db"
        with open(store, "r+b") as file:
            content = file.read()
            file.seek(content.index(b"before before"))
            file.write(b"B")
        damaged = run([SKIFF, "server", "--data-dir", self.data, "--listen", "127.0.0.1:0"], check=False)
        self.assertEqual((damaged.returncode, damaged.stdout), (1, ""))
        self.assertRegex(damaged.stderr, r"^skiff: \S+/store\.db: the log is damaged at revision \d+ \(.*skiff db backup.*\)\n$")
        checked = run([SKIFF, "db", "check", "--data-dir", self.data], check=False)
        self.assertRegex(checked.stderr, r"^skiff: \S+/store\.db: the log is damaged at revision \d+\n$")

        for copy in (backup, f"{self.directory}/second.db"):
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(store + suffix)
            shutil.copy(copy, store)
            api = self.server.start()
            self.assertEqual(self.objects(api)[0], before)
            api.must("POST", CONFIG_MAPS, config_map("new", "after"))
            self.server.stop()


if __name__ == "__main__":
    unittest.main()
