"""The checker of histories checked: what it must accept, and what it must not."""

import itertools
import random
import unittest

from linearizability import UNKNOWN, Operation, linearizable


def read(begin, end, value):
    return Operation(begin, "read", "ok", value, end=end)


def missing(begin, end):
    return Operation(begin, "read", "missing", end=end)


def create(begin, end, value, outcome="ok"):
    return Operation(begin, "create", outcome, value, end=end)


def update(begin, end, expected, value, outcome="ok"):
    return Operation(begin, "update", outcome, value, expected, end=end)


def delete(begin, end, outcome="ok"):
    return Operation(begin, "delete", outcome, end=end)


def lost(verb, begin, value=None, expected=None):
    return Operation(begin, verb, UNKNOWN, value, expected)


class LinearizabilityTest(unittest.TestCase):
    def test_what_can_have_happened(self):
        for name, history in {
                "nothing": [],
                "one after the other": [missing(1, 2), create(3, 4, "a"), read(5, 6, "a"), update(7, 8, "a", "b"), delete(9, 10),
                                        missing(11, 12)],
                "a read beside a write sees before": [create(1, 2, "a"), update(3, 6, "a", "b"), read(4, 5, "a")],
                "a read beside a write sees after": [create(1, 2, "a"), update(3, 6, "a", "b"), read(4, 5, "b")],
                "of two creations one is first": [create(1, 4, "a"), create(2, 3, "b", "exists")],
                "or the other": [create(1, 4, "a", "exists"), create(2, 3, "b")],
                "of two updates one loses": [create(1, 2, "a"), update(3, 6, "a", "b", "conflict"), update(4, 5, "a", "c"), read(7, 8, "c")],
                "an update of what is deleted meanwhile": [create(1, 2, "a"), delete(3, 6), update(4, 5, "a", "b", "missing")],
                "a lost write that happened": [lost("create", 1, "a"), read(2, 3, "a")],
                "a lost write that did not": [lost("create", 1, "a"), missing(2, 3)],
                "a lost write that happens late": [lost("create", 1, "a"), missing(2, 3), read(4, 5, "a")],
                "a lost write that could not": [create(1, 2, "a"), lost("update", 3, "c", "b"), read(4, 5, "a")],
                "lost writes in any order": [create(1, 2, "a"), lost("update", 3, "b", "a"), lost("update", 4, "c", "b"), read(5, 6, "c")],
                "a lost read": [lost("read", 1), create(2, 3, "a")],
        }.items():
            with self.subTest(name):
                self.assertTrue(linearizable(history))
                self.assertTrue(linearizable(reversed(history)))

    def test_what_cannot(self):
        for name, history in {
                "a value from nowhere": [create(1, 2, "a"), read(3, 4, "b")],
                "a write that is lost": [create(1, 2, "a"), missing(3, 4)],
                "an old value": [create(1, 2, "a"), update(3, 4, "a", "b"), read(5, 6, "a")],
                "two reads that go back": [create(1, 2, "a"), update(3, 10, "a", "b"), read(4, 5, "b"), read(6, 7, "a")],
                "two winners": [create(1, 2, "a"), update(3, 6, "a", "b"), update(4, 5, "a", "c")],
                "two creations": [create(1, 4, "a"), create(2, 3, "b")],
                "a conflict with nothing": [create(1, 2, "a"), update(3, 4, "a", "b", "conflict")],
                "a refusal of nothing": [create(1, 2, "a", "exists")],
                "a deletion that did not happen": [create(1, 2, "a"), delete(3, 4), read(5, 6, "a")],
                "a deletion of nothing": [delete(1, 2)],
                "a lost write before it began": [missing(1, 2), create(3, 4, "b"), read(5, 6, "a"), lost("create", 7, "a")],
                "a lost write that comes and goes": [lost("create", 1, "a"), read(2, 3, "a"), missing(4, 5)],
                "a lost write that cannot have happened": [create(1, 2, "a"), lost("update", 3, "c", "b"), read(4, 5, "c")],
        }.items():
            with self.subTest(name):
                self.assertFalse(linearizable(history))
                self.assertFalse(linearizable(reversed(history)))

    def test_where_it_begins(self):
        self.assertTrue(linearizable([read(1, 2, "a")], "a"))
        self.assertFalse(linearizable([missing(1, 2)], "a"))

    def test_recorded_histories(self):
        """Of threads on an object that is right, and on one that sometimes answers what it was before."""
        accepted = 0
        for seed in range(20):
            self.assertTrue(linearizable(recorded(seed, stale=0)), seed)
            accepted += linearizable(recorded(seed, stale=0.3))
        self.assertLess(accepted, 5)


def recorded(seed, stale):
    """What five clients see of one object in forty steps each, in an order that the seed decides."""
    dice = random.Random(seed)
    clock = itertools.count()
    history = []
    state, before = None, None
    clients = [None] * 5  # each with an operation that has begun, and what came of it once it has happened
    begun = 0
    while begun < 200 or any(clients):
        number = dice.randrange(5)
        if clients[number] is None:
            if begun < 200:
                verb = dice.choice(("create", "update", "update", "read", "read", "delete"))
                clients[number] = [Operation(next(clock), verb, UNKNOWN, str(begun), dice.choice((state, before))), None]
                begun += 1
            continue
        operation, result = clients[number]
        if result is None:
            seen = before if dice.random() < stale else state
            if operation.verb == "read":
                clients[number][1] = ("missing" if seen is None else "ok", seen)
            else:
                outcome, after = operation.outcome_in(state)
                if after != state:
                    state, before = after, state
                clients[number][1] = (outcome, operation.value)
            continue
        outcome, value = result
        history.append(Operation(operation.begin, operation.verb, outcome, value, operation.expected, next(clock)))
        clients[number] = None
    return history


if __name__ == "__main__":
    unittest.main()
