"""The front end as a torch module of plain products, so that it exports to ordinary ONNX operators."""

import torch
from torch.nn import functional

from exporters.fourier import analysis, periodic_hann
from exporters.log_mel.filters import FFT, HOP, mel_filters


class LogMel(torch.nn.Module):
    """Waveform [B, N] at 16 kHz in [-1, 1] -> log-mel features [B, bands, N // 160] (100 a second).

    As in OpenAI's ``whisper/audio.py``: reflect padding by half a window, the last frame dropped, values
    clamped to 8 decades below the loudest of the same item, whatever else is in the batch. N > 200.
    """

    def __init__(self, bands: int = 80) -> None:
        """``bands`` is 80, or 128 for Whisper large-v3."""
        super().__init__()
        self.basis: torch.Tensor
        self.filters: torch.Tensor
        self.register_buffer("basis", torch.from_numpy(analysis(periodic_hann(FFT))).float().unsqueeze(1))
        self.register_buffer("filters", torch.from_numpy(mel_filters(bands)).float())

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Compute the features."""
        padded = functional.pad(waveform.unsqueeze(1), (FFT // 2, FFT // 2), mode="reflect")
        # A convolution with the windowed Fourier basis is the STFT: real parts first, then imaginary.
        spectrum = functional.conv1d(padded, self.basis, stride=HOP)[..., :-1]
        real, imaginary = spectrum.chunk(2, dim=1)
        power = real * real + imaginary * imaginary
        decades = torch.log10(torch.clamp(self.filters @ power, min=1e-10))
        loudest = decades.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(decades, loudest - 8.0) + 4.0) / 4.0
