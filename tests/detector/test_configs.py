from pathlib import Path

import pytest
import yaml

from mathocr.detector.datamodule import PageDataModule
from mathocr.detector.training import DetectorTraining

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("detector_*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_model_and_data_of_a_config_can_be_built(path: Path) -> None:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    data = PageDataModule(**config["data"])
    training = DetectorTraining(**config["model"])
    assert data.train and data.val
    assert len(training.configure_optimizers().param_groups) == 2
