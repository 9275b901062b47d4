"""The committed golden files are those that the makers write."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from salmonn_omni.goldens.__main__ import TESTS, names


@pytest.mark.parametrize("name", names())
def test_rebuilding_gives_the_committed_files(name: str, tmp_path: Path) -> None:
    """Tensors agree to rounding, which depends on threads and versions; no file is missing."""
    importlib.import_module(f"salmonn_omni.goldens.{name}").write(tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert written
    for path in written:
        assert (TESTS / path).is_file(), path
        if path.suffix != ".safetensors":
            continue
        try:
            found, expected = load_file(tmp_path / path), load_file(TESTS / path)
        except (KeyError, TypeError):  # bfloat16, which numpy does not have
            assert (tmp_path / path).read_bytes() == (TESTS / path).read_bytes(), path
            continue
        assert found.keys() == expected.keys(), path
        for key, values in expected.items():
            rms = max(float(np.sqrt((values.astype(np.float64) ** 2).mean())), 1e-9)
            difference = np.abs(found[key].astype(np.float64) - values.astype(np.float64)).max()
            assert difference <= 1e-4 * rms, (path, key)
