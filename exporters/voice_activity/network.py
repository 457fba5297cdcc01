"""Silero VAD at 16 kHz in torch, with batch and windows as separate axes."""

from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional

from exporters.errors import ExportError

WINDOW = 512
"""Samples of one window: 32 ms."""
CONTEXT = 64
"""Samples of the window before that each window is seen with."""
HIDDEN = 128
STATE = (2, HIDDEN)
"""Hidden and cell state of the LSTM, per room."""

_FFT = 256
_FFT_HOP = 128
_BINS = _FFT // 2 + 1


_NAMES = {
    "model.stft.forward_basis_buffer": "stft_conv.weight",
    **{
        f"model.encoder.{layer}.reparam_conv.{kind}": f"conv{layer + 1}.{kind}"
        for layer in range(4)
        for kind in ("weight", "bias")
    },
    **{
        f"model.decoder.rnn.{kind}_{gate}": f"lstm.{kind}_{gate}_l0"
        for kind in ("weight", "bias")
        for gate in ("ih", "hh")
    },
    "model.decoder.decoder.2.weight": "final_conv.weight",
    "model.decoder.decoder.2.bias": "final_conv.bias",
}
"""Names of the shipped graph's weights, and of the same in :class:`VoiceActivity`."""


def read_weights(graph: Path) -> dict[str, torch.Tensor]:
    """The weights of a Silero 16 kHz ONNX graph.

    Raises:
        ExportError: the graph lacks some of them.
    """
    found = {initializer.name: initializer for initializer in onnx.load(str(graph)).graph.initializer}
    if missing := sorted(_NAMES.keys() - found.keys()):
        raise ExportError(f"{graph} is not Silero's 16 kHz graph: it has no weights {', '.join(missing)}")
    return {
        name: torch.from_numpy(numpy_helper.to_array(found[theirs]).copy()) for theirs, name in _NAMES.items()
    }


class VoiceActivity(torch.nn.Module):
    """Audio [B, 512 n], state [B, 2, 128], context [B, 64] -> probability [B, n], next state, next context.

    The same network as ``silero_vad/tinygrad_model.py`` of the package: a spectrum by convolution, four
    convolutions that end in one vector a window, an LSTM over windows, a sigmoid.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        """``weights`` is what :func:`read_weights` gives."""
        super().__init__()
        self.stft_conv = torch.nn.Conv1d(1, 2 * _BINS, _FFT, _FFT_HOP, bias=False)
        self.conv1 = torch.nn.Conv1d(_BINS, 128, 3, 1, 1)
        self.conv2 = torch.nn.Conv1d(128, 64, 3, 2, 1)
        self.conv3 = torch.nn.Conv1d(64, 64, 3, 2, 1)
        self.conv4 = torch.nn.Conv1d(64, HIDDEN, 3, 1, 1)
        self.lstm = torch.nn.LSTM(HIDDEN, HIDDEN, batch_first=True)
        self.final_conv = torch.nn.Conv1d(HIDDEN, 1, 1)
        self.load_state_dict(weights)

    def forward(
        self, audio: torch.Tensor, state: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run ``n`` windows of ``B`` rooms."""
        batch = audio.shape[0]
        windows = audio.reshape(batch, -1, WINDOW)
        before = torch.cat([context.unsqueeze(1), windows[:, :-1, -CONTEXT:]], dim=1)
        seen = torch.cat([before, windows], dim=2).reshape(-1, 1, CONTEXT + WINDOW)
        spectrum = self.stft_conv(functional.pad(seen, (0, _FFT // 4), mode="reflect"))
        real, imaginary = spectrum.chunk(2, dim=1)
        found = torch.sqrt(real * real + imaginary * imaginary)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            found = functional.relu(layer(found))
        start = state.transpose(0, 1).contiguous()
        found, (hidden, cell) = self.lstm(found.reshape(batch, -1, HIDDEN), (start[:1], start[1:]))
        probability = torch.sigmoid(self.final_conv(functional.relu(found).transpose(1, 2))).squeeze(1)
        next_state = torch.cat([hidden, cell]).transpose(0, 1)
        return probability, next_state, windows[:, -1, -CONTEXT:]
