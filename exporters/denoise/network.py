"""GTCRN in torch, any number of frames a call: the spectrum, the network and the way back, states explicit.

Rong et al., "GTCRN: A Speech Enhancement Model Requiring Ultralow Computational Resources" (ICASSP 2024).
Its own release streams one frame a call; with time as an axis, half a second is 31 frames of one call.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from exporters.denoise.layers import BANDS, CHANNELS, Block, Path
from exporters.fourier import analysis, periodic_hann, synthesis

FFT = 512
HOP = 256
"""Samples of one frame, and by how many the output is later than the input: 16 ms."""

_BINS = FFT // 2 + 1
_LOW = 65
"""Frequencies that stay as they are; the 192 above them are compressed to 64 bands."""
_DILATIONS = (1, 2, 5)
_PAST = [2 * dilation for dilation in _DILATIONS]

STATES = {
    "convolution": (2, CHANNELS, sum(_PAST), BANDS),
    "attention": (2, len(_DILATIONS), CHANNELS),
    "recurrent": (2, BANDS, CHANNELS),
    "audio": (2, HOP),
}
"""Per room; encoder before decoder. ``audio``: the last hop in, the second half of the last frame out."""


class Gtcrn(nn.Module):
    """Audio [B, 256 n] at 16 kHz and :data:`STATES` -> audio cleaned, 256 samples later, and next states."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        """``weights`` is what :func:`exporters.denoise.weights.read_weights` gives."""
        super().__init__()
        window = periodic_hann(FFT) ** 0.5
        self.compress = nn.Linear(_BINS - _LOW, 64, bias=False)
        self.expand = nn.Linear(64, _BINS - _LOW, bias=False)
        narrow, half, out = (
            nn.Conv2d(9, CHANNELS, (1, 5), (1, 2), (0, 2)),
            nn.Conv2d(CHANNELS, CHANNELS, (1, 5), (1, 2), (0, 2), groups=2),
            nn.ConvTranspose2d(CHANNELS, 2, (1, 5), (1, 2), (0, 2)),
        )
        widen = nn.ConvTranspose2d(CHANNELS, CHANNELS, (1, 5), (1, 2), (0, 2), groups=2)
        self.narrow = nn.ModuleList([nn.Sequential(narrow, nn.PReLU()), nn.Sequential(half, nn.PReLU())])
        self.widen = nn.ModuleList([nn.Sequential(widen, nn.PReLU()), nn.Sequential(out, nn.Tanh())])
        self.encoder = nn.ModuleList(Block(dilation) for dilation in _DILATIONS)
        self.paths = nn.ModuleList([Path(), Path()])
        self.decoder = nn.ModuleList(Block(dilation) for dilation in reversed(_DILATIONS))
        self.load_state_dict(weights)
        self.analysis: Tensor
        self.synthesis: Tensor
        self.register_buffer("analysis", torch.from_numpy(analysis(window).T.copy()).float())
        self.register_buffer("synthesis", torch.from_numpy(synthesis(window).T.copy()).float())

    def forward(
        self, audio: Tensor, convolution: Tensor, attention: Tensor, recurrent: Tensor, ends: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Run ``n`` hops of ``B`` rooms."""
        hops = audio.reshape(audio.shape[0], -1, HOP)
        frames = torch.cat([torch.cat([ends[:, :1], hops[:, :-1]], dim=1), hops], dim=2)
        spectrum = frames @ self.analysis
        real, imaginary = spectrum[..., :_BINS], spectrum[..., _BINS:]
        mask, *states = self._mask(real, imaginary, convolution, attention, recurrent)
        clean = torch.cat(
            [real * mask[:, 0] - imaginary * mask[:, 1], imaginary * mask[:, 0] + real * mask[:, 1]], dim=-1
        )
        first, second = (clean @ self.synthesis).chunk(2, dim=-1)
        added = first + torch.cat([ends[:, 1:], second[:, :-1]], dim=1)
        next_ends = torch.cat([hops[:, -1:], second[:, -1:]], dim=1)
        convolution, attention, recurrent = states
        return added.flatten(1), convolution, attention, recurrent, next_ends

    def _mask(
        self, real: Tensor, imaginary: Tensor, convolution: Tensor, attention: Tensor, recurrent: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The complex mask [B, 2, T, 257] of a spectrum [B, T, 257], and the next states."""
        magnitude = torch.sqrt(real * real + imaginary * imaginary + 1e-12)
        features = torch.stack([magnitude, real, imaginary], dim=1)
        x = torch.cat([features[..., :_LOW], self.compress(features[..., _LOW:])], dim=-1)
        bands = x.shape[-1]
        padded = functional.pad(x, (1, 1))
        x = torch.stack([padded[..., shift : shift + bands] for shift in range(3)], dim=2).flatten(1, 2)
        skipped = []
        for layer in self.narrow:
            x = layer(x)
            skipped.append(x)
        pasts, hiddens = [], []
        slots = torch.split(convolution[:, 0], _PAST, dim=2)
        for index, block in enumerate(self.encoder):
            x, past, hidden = block(x, slots[index], attention[:, 0, index])
            pasts.append(past)
            hiddens.append(hidden)
            skipped.append(x)
        between = []
        for index, path in enumerate(self.paths):
            x, hidden = path(x, recurrent[:, index])
            between.append(hidden)
        later_pasts: list[Tensor] = []
        later_hiddens: list[Tensor] = []
        slots = torch.split(convolution[:, 1], _PAST, dim=2)
        for index, block in enumerate(self.decoder):
            x, past, hidden = block(x + skipped.pop(), slots[-1 - index], attention[:, 1, index])
            later_pasts.insert(0, past)
            later_hiddens.append(hidden)
        for layer in self.widen:
            x = layer(x + skipped.pop())
        mask = torch.cat([x[..., :_LOW], self.expand(x[..., _LOW:])], dim=-1)
        convolution = torch.stack([torch.cat(pasts, dim=2), torch.cat(later_pasts, dim=2)], dim=1)
        attention = torch.stack([torch.stack(hiddens, dim=1), torch.stack(later_hiddens, dim=1)], dim=1)
        return mask, convolution, attention, torch.stack(between, dim=1)
