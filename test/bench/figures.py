"""How the benchmarks read the costs of a process, and how they print a figure beside its goal."""


def report(what, figure, goal=""):
    print(f"{what:<72} {figure:>20}   {'goal ' + goal if goal else ''}".rstrip(), flush=True)


def percentile(values, part):
    """The value below which `part` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def memory_kib(pid):
    """What the process has in memory."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_ticks(pid):
    """The CPU time of the process, in SC_CLK_TCK."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
