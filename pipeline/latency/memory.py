"""How much memory this process holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

_MIB = 2**20


def current_mb() -> float:
    """Resident memory now, MiB; the peak so far where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB
    return peak_mb() or 0.0


def peak_mb(usage: Any = None) -> float | None:
    """Most resident memory, MiB, of a process that ended (its ``rusage``) or of this one; None where not known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = (usage or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss
    return round(most / (_MIB if sys.platform == "darwin" else 1024), 1)


def device_peak_mb(device: str) -> float | None:
    """Most memory that tensors took on a CUDA device, MiB; None elsewhere."""
    torch = sys.modules.get("torch")
    if device != "cuda" or torch is None:
        return None
    return round(torch.cuda.max_memory_allocated() / _MIB, 1)
