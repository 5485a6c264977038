import gzip

import numpy as np
import pytest

from gan_studio.data.idx import read_idx
from gan_studio.errors import StudioError
from tests.conftest import write_idx


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 2)])
def test_what_is_written_is_read(tmp_path, shape, suffix):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = tmp_path / f"some{suffix}"
    write_idx(path, array)
    assert (read_idx(path) == array).all()


HEADER = bytes([0, 0, 8, 1, 0, 0, 0, 4])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"PNG and so on", "not an IDX file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1]) + b"abcd", "not an IDX file"),
        (HEADER[:6], "ends inside its header"),
        (HEADER + b"abc", "promises 4 bytes of data, it holds 3"),
        (HEADER + b"abcde", "promises 4 bytes of data, it holds more"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "claims .* bytes"),
    ],
)
def test_damage_is_named(tmp_path, content, complaint):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=f"damaged.*{complaint}"):
        read_idx(path)


def test_a_cut_gzip_file_is_named(tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(HEADER + b"abcd")[:-9])
    with pytest.raises(StudioError, match=r"cut.gz: cannot be read"):
        read_idx(path)
