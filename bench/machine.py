"""What the benchmarks share: commands timed, and the machine in words."""
import json
import os
import platform
import subprocess
import tempfile
import time


class Failed(Exception):
    pass


def run(*command):
    """Runs command: its JSON, or text; whole seconds; peak memory in bytes.

    How idle threads wait is each program's own choice, not make's.
    """
    command = [str(c) for c in command]
    env = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0), err.seek(0)
        text, log = out.read().strip(), err.read()
    if child.returncode:
        raise Failed(f"{' '.join(command)}: exit status {child.returncode}\n{log[-2000:]}")
    try:
        result = json.loads(text.splitlines()[-1])
    except (IndexError, ValueError):
        result = None
    return {"result": result if isinstance(result, dict) else {}, "wall": wall, "peak": usage.ru_maxrss * 1024}


def flags():
    """What the CPU can do, in Linux' words."""
    return next((line.split() for line in open("/proc/cpuinfo") if line.startswith(("flags", "Features"))), [])


def bf16():
    """Whether the CPU multiplies bfloat16."""
    return bool({"amx_bf16", "avx512_bf16", "bf16"} & set(flags()))


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    found = flags()
    has = [name for name, flag in (("AMX", "amx_bf16"), ("AVX512-BF16", "avx512_bf16"), ("AVX512", "avx512f"), ("AVX2", "avx2")) if flag in found]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {cpu} ({', '.join(has)}), {memory:.0f} GiB"
