"""Decides whether what concurrent clients saw of one object can have happened in one order (Wing and Gong's search, with Lowe's memory
of what it has tried).

The object is either absent (None) or has a value that no other write gives it. A client that never heard how its operation ended
knows no more than that it happened at some time after it began, or not at all.
"""

import dataclasses
import math
import typing

UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Operation:
    """What a client did, from the moment `begin` to the moment `end`.

    verb      outcomes                                     what it does
    create    "ok", "exists"                               makes the object with `value`
    update    "ok", "conflict", "missing"                  replaces the value `expected` by `value`
    delete    "ok", "missing"                              removes the object
    read      "ok" (`value` was there), "missing"
    """

    begin: int
    verb: str
    outcome: str
    value: typing.Optional[str] = None
    expected: typing.Optional[str] = None
    end: float = math.inf  # for ever, of an unknown outcome

    def outcome_in(self, state):
        """What a client is told that finds the object so, and what the object is then."""
        if self.verb == "create":
            return ("ok", self.value) if state is None else ("exists", state)
        if self.verb == "delete":
            return ("missing" if state is None else "ok"), None
        if state is None:
            return "missing", None
        if self.verb == "update":
            return ("ok", self.value) if state == self.expected else ("conflict", state)
        return ("ok" if state == self.value else "other"), state


def linearizable(operations, initial=None):
    """True when there is an order. Operations that were told of an outcome are all in it, each between its begin and its end."""
    operations = sorted((each for each in operations if each.verb != "read" or each.outcome != UNKNOWN),
                        key=lambda each: each.begin)
    told = sum(1 << number for number, each in enumerate(operations) if each.outcome != UNKNOWN)
    tried = set()
    # What has happened so far, a bit each, and what the object is then.
    paths = [(0, initial)]
    while paths:
        done, state = paths.pop()
        if done & told == told:
            return True
        if (done, state) in tried:
            continue
        tried.add((done, state))
        # Whatever begins after another has ended cannot come before it.
        latest = min(each.end for number, each in enumerate(operations) if not done >> number & 1)
        for number, each in enumerate(operations):
            if each.begin > latest:
                break
            if done >> number & 1:
                continue
            outcome, after = each.outcome_in(state)
            if each.outcome in (outcome, UNKNOWN):
                paths.append((done | 1 << number, after))
    return False
