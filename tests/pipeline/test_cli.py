import importlib.metadata
import os
import subprocess
import sys
import types

import pytest
from PIL import Image

from mathocr.pipeline import MathOCR
from mathocr.pipeline.cli import COMMANDS, main
from mathocr.pipeline.explain import explain


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and all(" ".join(words) in out for words in COMMANDS)
    assert main([]) == 2
    assert main(["data"]) == 2
    assert "data build pages" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert capsys.readouterr().out == f"mathocr {importlib.metadata.version('mathocr')}\n"


def test_training_gets_its_stage_and_arguments(monkeypatch):
    calls = []
    module = types.SimpleNamespace(main=lambda stage, argv: calls.append((stage, argv)))
    monkeypatch.setitem(sys.modules, "mathocr.pipeline.training", module)
    assert main(["train", "im2latex", "--config", "x.yaml", "--help"]) == 0
    assert calls == [("im2latex", ["--config", "x.yaml", "--help"])]


def test_missing_training_packages_are_one_line(monkeypatch, capsys):
    class Missing:
        @staticmethod
        def main(stage, argv):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setitem(sys.modules, "mathocr.pipeline.training", Missing)
    assert main(["train", "detector"]) == 1
    err = capsys.readouterr().err
    assert err == 'mathocr: error: torch is not installed, and this command needs it: pip install "mathocr[train]"\n'


def test_a_missing_torch_is_that_of_reading_where_nothing_is_trained(monkeypatch, folder, capsys):
    missing = ModuleNotFoundError("No module named 'torch'", name="torch")
    monkeypatch.setattr(MathOCR, "load", raising(missing))
    assert main(["predict", str(folder / "a.png")]) == 1
    assert capsys.readouterr().err.endswith('--device cuda and --backend torch need it: pip install "mathocr[gpu]"\n')


def raising(error):
    def load(*args, **kwargs):
        raise error

    return load


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ValueError("weights.safetensors:\nno such file"), 1, "mathocr: error: weights.safetensors: no such file\n"),
        (KeyError("x"), 1, "mathocr: error: KeyError: 'x' (set MATHOCR_DEBUG=1 to see where)\n"),
        (KeyboardInterrupt(), 130, "mathocr: interrupted\n"),
    ],
)
def test_errors_are_one_line_and_no_traceback(monkeypatch, folder, capsys, error, status, line):
    monkeypatch.delenv("MATHOCR_DEBUG", raising=False)
    monkeypatch.setattr(MathOCR, "load", raising(error))
    assert main(["predict", str(folder / "a.png")]) == status
    assert capsys.readouterr().err == line


def test_debugging_shows_the_traceback(monkeypatch, folder):
    monkeypatch.setenv("MATHOCR_DEBUG", "1")
    monkeypatch.setattr(MathOCR, "load", raising(KeyError("x")))
    with pytest.raises(KeyError):
        main(["predict", str(folder / "a.png")])


def test_system_errors_name_the_file():
    assert explain(PermissionError(13, "Permission denied", "out/a.txt")) == "out/a.txt: Permission denied"


def run_python(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options)


def test_imports_are_light():
    heavy = "{'torch', 'torchvision', 'timm', 'pytorch_lightning', 'lightning', 'albumentations', 'jsonargparse'}"
    done = run_python(
        "import sys, mathocr.pipeline.cli, mathocr.pipeline.ocr, mathocr.pipeline.predict_command\n"
        "import mathocr.detector.predictor, mathocr.im2latex.predictor\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    assert done.stdout.strip() == "[]", done.stderr
    done = run_python(
        "import sys, mathocr.pipeline.cli\nprint(sorted({'numpy', 'cv2', 'onnxruntime', 'PIL'} & set(sys.modules)))"
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_reader_that_goes_away_is_no_error(tmp_path, marked_page):
    Image.fromarray(marked_page).save(tmp_path / "a.png")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import conftest, mathocr.pipeline.ocr as o\n"
        "o.MathOCR.load = lambda *a, **k: o.MathOCR(conftest.MarkFinder(), conftest.SizeReader())\n"
        "from mathocr.pipeline.cli import main\n"
        "sys.exit(main(['predict', '--format', 'html', *sys.argv[2:]]))"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__), *[str(tmp_path / "a.png")] * 3],  # noqa: PTH120
        stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_module_runs_as_a_script(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "mathocr.pipeline.cli", "predict", str(tmp_path / "empty.png")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"mathocr: {tmp_path / 'empty.png'}: the file is empty\n"
