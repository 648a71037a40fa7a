"""Runs a one-node Slurm in a folder of its own: the test starts and stops munged, slurmctld and slurmd.

A Slurm that the machine may have is neither touched nor used: ports, sockets, keys, state and logs are all the test's.
"""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel", "sinfo")
CPUS = 4  # whatever the machine has, four tasks must run at once
START_TIMEOUT = 30
# Slurm holds a requeued job back until its old credential has expired; by default that is two minutes.
CREDENTIAL_SECONDS = 5


def find_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def missing_programs():
    return [name for name in PROGRAMS if find_program(name) is None]


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class SlurmError(Exception):
    pass


class Slurm:
    def __init__(self):
        self.daemons = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zimage-slurm-", dir="/tmp"))
        self.folder.chmod(0o755)  # munged's user and its clients must pass through
        self.conf = self.folder / "slurm.conf"
        self.host = socket.gethostname().split(".")[0]

    def __enter__(self):
        try:
            self.start_munge()
            self.write_config()
            self.start_daemon("slurmctld", "-D", "-f", self.conf)
            self.start_daemon("slurmd", "-D", "-f", self.conf)
            self.wait_until("the node is idle", lambda: "idle" in self.run("sinfo", "-h", "-o", "%T"), START_TIMEOUT)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Ends everything that was started, the jobs first, and removes the folder."""
        with contextlib.suppress(SlurmError, subprocess.TimeoutExpired, OSError):
            if len(self.daemons) == 3:
                self.run("scancel", "--user=root", "--signal=KILL")
                self.run("scancel", "--user=root")
                self.wait_until("all jobs have ended", lambda: not self.run("squeue", "-h"), 10)
        for _, daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        # A step's daemon is no longer slurmd's child, but its command line names our folder.
        for pid in self.processes(str(self.folder)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self, text):
        """Returns the processes whose command line, or SLURM_CONF in their environment, holds a text."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            if int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes().split(b"\0")
                conf = [line for line in environment if line.startswith(b"SLURM_CONF=")]
                if any(text.encode() in part for part in [(entry / "cmdline").read_bytes(), *conf]):
                    found.append(int(entry.name))
        return found

    def start_munge(self):
        user = pwd.getpwnam("munge")
        folder = self.folder / "munge"
        folder.mkdir(mode=0o755)
        key = folder / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        for path in (folder, key):
            os.chown(path, user.pw_uid, user.pw_gid)
        self.socket = folder / "socket"
        self.start_daemon(
            "munged", "--foreground", f"--key-file={key}", f"--socket={self.socket}", f"--pid-file={folder}/pid",
            f"--log-file={folder}/log", f"--seed-file={folder}/seed", "--num-threads=2",
            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
        )  # fmt: skip
        self.wait_until("munged listens", self.socket.exists, START_TIMEOUT)

    def write_config(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        control, node = free_ports(2)
        # There are no control groups: proctrack/linuxproc and task/none work in a container too.
        self.conf.write_text(
            f"""ClusterName=zimage
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={self.socket},cred_expire={CREDENTIAL_SECONDS}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={CPUS} State=UNKNOWN
PartitionName=all Nodes={self.host} Default=YES State=UP
"""
        )
        version = re.search(r"(\d+)\.(\d+)", self.run("sinfo", "--version"))
        if version and tuple(map(int, version.groups())) >= (23, 2):
            (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")

    def environment(self):
        return {**os.environ, "SLURM_CONF": str(self.conf)}

    def start_daemon(self, name, *arguments, **popen):
        output = open(self.folder / f"{name}.out", "wb")
        command = [find_program(name), *map(str, arguments)]
        with output:
            self.daemons.append((name, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                                        cwd="/", env=self.environment(), **popen)))  # fmt: skip

    def run(self, name, *arguments, env=None, cwd="/"):
        command = [find_program(name), *map(str, arguments)]
        done = subprocess.run(command, env={**self.environment(), **(env or {})}, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)  # fmt: skip
        if done.returncode != 0:
            raise SlurmError(f"{name} {' '.join(command[1:])}: {done.stderr.strip()}")
        return done.stdout.strip()

    def wait_until(self, what, condition, seconds):
        end = time.monotonic() + seconds
        while True:
            for name, daemon in self.daemons:
                if daemon.poll() is not None:
                    raise SlurmError(f"{name} ended with {daemon.returncode}\n{self.logs()}")
            with contextlib.suppress(SlurmError):  # clients find no daemon while they start
                if condition():
                    return
            if time.monotonic() > end:
                raise SlurmError(f"waited {seconds} s in vain until {what}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        """Returns the last lines of every log."""
        text = []
        for path in [*self.folder.glob("*.log"), *self.folder.glob("*.out"), *self.folder.glob("munge/log")]:
            lines = path.read_text(errors="replace").splitlines()[-15:]
            text.append("\n".join([f"--- {path.name}", *lines]))
        return "\n".join(text)

    def task_state(self, job, task):
        """Returns COMPLETED, RUNNING, FAILED, …"""
        return re.search(r"JobState=(\w+)", self.run("scontrol", "show", "job", f"{job}_{task}"))[1]
