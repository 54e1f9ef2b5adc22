"""How much memory this process holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_MIB = 2**20


def current_mib() -> float:
    """Resident memory now, MiB; the peak so far where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB
    return peak_mib() or 0.0


def peak_mib() -> float | None:
    """Most resident memory of this process so far, MiB; None where not known."""
    status = Path("/proc/self/status")
    if status.exists():  # what ``getrusage`` says on Linux includes the process that started this one
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (_MIB if sys.platform == "darwin" else 1024), 1)


def device_peak_mib(device: str) -> float | None:
    """Most memory that tensors took on a CUDA device, MiB; None elsewhere."""
    torch = sys.modules.get("torch")
    if device != "cuda" or torch is None:
        return None
    return round(torch.cuda.max_memory_allocated() / _MIB, 1)
