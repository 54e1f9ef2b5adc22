"""Where and with what a measurement was made: commit, date, processor, threads, versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mathocr.data.cores import usable_cores

_PACKAGES = ("mathocr", "numpy", "onnxruntime", "opencv-python-headless", "pypdfium2", "rapidfuzz", "sacrebleu")
_HERE = Path(__file__).resolve().parent


def environment(device: str, backend: str) -> dict[str, Any]:
    """What a report says of its making, JSON-ready and without the machine's paths or name.

    Args:
        device: That was asked for.
        backend: That was asked for.
    """
    packages = (*_PACKAGES, *(("torch",) if "torch" in sys.modules else ()))
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "processor": processor(),
        "cores": usable_cores(),
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "device": "cpu" if device == "auto" else device,  # auto is ONNX Runtime on the processor
        "accelerator": _accelerator(device),
        "backend": backend,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


@cache
def commit(folder: Path = _HERE) -> str | None:
    """Commit of the checkout that this code runs from.

    Args:
        folder: Within the checkout.

    Returns:
        Twelve hex digits; where files that git knows differ from it with ``+`` and eight more, which tell one
        difference from another. None without a checkout.
    """
    try:
        found = _git(folder, "rev-parse", "--short=12", "HEAD").decode().strip()
        changes = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color", "--full-index")
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout: an installed package has no commit
        return None
    return f"{found}+{sha256(changes).hexdigest()[:8]}" if changes else found


def code_id() -> str:
    """What tells this code from another: its commit, or the version of the package that is installed."""
    return commit() or f"mathocr {_version('mathocr')}"


def processor() -> str:
    """Model of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux: the platform module has to do
        return platform.processor() or platform.machine()
    return platform.processor() or platform.machine()


def _accelerator(device: str) -> str | None:
    """Name of the graphics card that was used."""
    torch = sys.modules.get("torch")
    if device != "cuda" or torch is None or not torch.cuda.is_available():
        return None
    return torch.cuda.get_device_name()


def _git(folder: Path, *arguments: str) -> bytes:
    """What git prints."""
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, check=True, timeout=10).stdout


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # run from a source tree, or the other OpenCV package
        return None
