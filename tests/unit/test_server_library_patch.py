"""What is changed in Triton's Python backend."""

import shutil
from pathlib import Path

from server.launch import wheel
from server.library_patch import LIBRARY, let_odd_batches_through


def test_the_library_of_the_wheel_is_the_one_that_is_known(tmp_path: Path) -> None:
    """Another release needs another look: whether it answers a batch of none by itself."""
    library = Path(shutil.copy(wheel() / "backends" / "python" / LIBRARY, tmp_path))
    before = library.read_bytes()
    assert let_odd_batches_through(library)
    changed = [
        place for place, pair in enumerate(zip(before, library.read_bytes(), strict=True)) if len({*pair}) > 1
    ]
    assert changed == [0x37C82, 0x37C83, 0x46D38, 0x46D39]
    assert not let_odd_batches_through(library), "what is changed is not changed again"
