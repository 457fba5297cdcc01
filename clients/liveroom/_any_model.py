"""The layer under the methods that know their model: any model of the server, called by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from . import _fork
from ._config import Limits, Timeouts
from ._errors import InvalidInput
from ._model_stream import AsyncStream
from ._signature import Arrays, Inputs
from ._transport import Transport


@asynccontextmanager
async def opened_stream(
    transport: Transport,
    model: str,
    limits: Limits,
    timeouts: Timeouts,
    *,
    sequence: bool = False,
    marks: bool = False,
    seconds: float | None = None,
) -> AsyncIterator[AsyncStream]:
    """A stream to `model`, see `AsyncStream`; the server may be silent for `seconds`, or `Timeouts.stream`.

    Raises:
        LiveroomError: the server does not tell what the model takes.
    """
    transport.forget(model)  # streams are long: another version may be served by now
    signature = await transport.signature(model, seconds or timeouts.infer)
    seconds = seconds or timeouts.stream
    async with AsyncStream(
        transport,
        signature,
        sequence=sequence,
        limits=limits,
        seconds=seconds,
        marks=marks,
    ) as stream:
        yield stream


class AnyModel(_fork.StaysHere):
    """What `AsyncClient` does with a model that it does not know; its other methods go the same way."""

    limits: Limits
    timeouts: Timeouts
    _transport: Transport

    async def infer(
        self,
        model: str,
        inputs: Inputs,
        *,
        outputs: Iterable[str] = (),
        timeout: float | None = None,  # noqa: ASYNC109 - of the call, retries included
    ) -> Arrays:
        """One request to any model, in numpy: shapes and types are those of the server's metadata.

        It is tried again while the server is unavailable, as all unary calls are.

        Args:
            model: its name in the model repository.
            inputs: arrays by name, with the batch dimension where the model has one; a single number or text
                fills a shape of one element. Text and bytes go to BYTES; numpy's own arrays of bytes lose
                trailing zeros, lists don't. Tensors of BF16, which numpy lacks, are refused.
            outputs: names of those that are wanted; by default all.
            timeout: seconds, by default `Timeouts.infer`.

        Returns:
            Arrays by name; of BYTES arrays of bytes objects.

        Raises:
            InvalidInput: there is no such input or output, a type or shape is another, or the model says so.
            Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        seconds = self.timeouts.infer if timeout is None else timeout
        if not isinstance(seconds, int | float) or not seconds > 0:
            raise InvalidInput(f"timeout is {timeout!r}: expected seconds, more than 0")
        signature = await self._transport.signature(model, seconds)
        try:
            encoded, wanted = signature.encode(inputs), signature.check_outputs(outputs)
            return (await self._transport.infer(model, encoded, seconds, outputs=wanted)).arrays()
        except InvalidInput:
            self._transport.forget(model)
            raise

    @asynccontextmanager
    async def stream(self, model: str, *, sequence: bool = False) -> AsyncIterator[AsyncStream]:
        """A stream to any model, for those that answer more than once (decoupled) or keep a state (sequence).

        Args:
            model: its name in the model repository.
            sequence: whether all requests are one sequence.

        Raises:
            LiveroomError: the server does not tell what the model takes; see `infer`.
        """
        async with opened_stream(
            self._transport, model, self.limits, self.timeouts, sequence=sequence
        ) as stream:
            yield stream
