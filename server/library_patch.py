"""What is changed in the wheel's Python backend, in the copy that is run: odd batches reach the models.

Triton 24.10 lets empty tensors through whatever their batch. Its Python backend then returns without a word
where the sizes of all requests it has at once add up to 0, so that they are never answered, and fails all of
them where they add up to more than a model's largest batch. Without these two jumps such requests reach the
models, which refuse each of them by itself.
"""

from hashlib import sha256
from pathlib import Path

LIBRARY = "libtriton_python.so"
SHA256 = "08a47eb9cb120475442abebf283a910cf06053bc1322711aeb34f4d42f038cba"
"""Of the only library that this is known of: nvidia-pytriton 0.7.0, x86-64."""
_CHANGES = {
    # ModelInstanceState::CheckIncomingRequests: go on, also with more than the largest batch.
    0x37C82: (b"\x0f\x83", b"\x90\xe9"),
    # ModelInstanceState::ProcessRequests: do not return where the sum is 0.
    0x46D38: (b"\x74\xca", b"\x90\x90"),
}


def let_odd_batches_through(library: Path) -> bool:
    """Changes `library` in place; False, and nothing done, where it is not the one that is known."""
    content = bytearray(library.read_bytes())
    if sha256(content).hexdigest() != SHA256:
        return False
    for place, (before, after) in _CHANGES.items():
        assert content[place : place + len(before)] == before  # noqa: S101 what has this hash has it
        content[place : place + len(before)] = after
    library.write_bytes(content)
    return True
