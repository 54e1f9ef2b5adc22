"""What tells one state of the code from another."""

import subprocess

import pytest

from mathocr.pipeline.evaluation import environment
from mathocr.pipeline.evaluation.environment import code_id, commit


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit; ``checkout(text)`` writes its file."""

    def git(*arguments):
        who = ("-c", "user.name=n", "-c", "user.email=e@x")
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    def write(text):
        commit.cache_clear()
        (tmp_path / "code.py").write_bytes(text)
        return commit(tmp_path)

    git("init")
    write(b"1\n")
    git("add", "code.py")
    git("commit", "-m", "m", "--no-gpg-sign")
    return write


def test_states_of_a_checkout_are_told_apart(checkout):
    clean, first, second = checkout(b"1\n"), checkout(b"2\n"), checkout(b"3\xff\n")
    assert len(clean) == 12 and first.startswith(f"{clean}+") and second.startswith(f"{clean}+")
    assert len({clean, first, second}) == 3 and checkout(b"2\n") == first


def test_without_a_checkout_the_package_version_stands(tmp_path, monkeypatch):
    assert commit(tmp_path) is None
    monkeypatch.setattr(environment, "commit", lambda: None)
    monkeypatch.setattr(environment, "version", lambda name: "1.2.3")
    assert code_id() == "mathocr 1.2.3"
