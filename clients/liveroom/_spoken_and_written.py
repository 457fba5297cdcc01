"""What `AsyncClient` does with text and voices: moods, moderation, speech."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import cached_property, partial

from ._any_model import AnyModel, opened_stream
from ._batching import Batcher
from ._lines import check_lines
from ._moderation import Moderation
from ._moderation import ask as moderation
from ._play import Audio
from ._sentiment import MODEL as SENTIMENT
from ._sentiment import Sentiment, read_sentiment
from ._speak import Speech, speak
from ._voice_mood import Baseline, VoiceMood, voice_mood


class SpokenAndWritten(AnyModel):
    """The methods of the client that its users call for lines of chat, texts to speak, and voices."""

    @cached_property
    def _sentiments(self) -> Batcher[Sentiment]:
        return Batcher(SENTIMENT, lambda lines: read_sentiment(self._transport, lines, self.timeouts.text))

    @cached_property
    def _moderated(self) -> Batcher[Moderation]:
        return Batcher("moderation", lambda lines: moderation(self._transport, lines, self.timeouts.text))

    async def sentiment(self, lines: Iterable[str]) -> list[Sentiment]:
        """How each line of chat is meant, see `Sentiment`; any number of lines, in their order.

        Lines of calls at the same time share requests, so a call for every line that comes is fine.

        Args:
            lines: Chinese, English, emoji, emotes; at most 4,096 bytes of UTF-8 each. Of a longer one than
                512 characters these count.

        Raises:
            InvalidInput: one is too long, or no text; nothing was sent.
            Overloaded: the server refuses more, or 8,192 lines of other calls wait.
            ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        return await self._sentiments(check_lines(lines), self.timeouts.text)

    async def moderate(self, lines: Iterable[str]) -> list[Moderation]:
        """What a moderator would say of each line, in Chinese or English, however it is spelled.

        Lines of calls that wait at the same time go together; any number of them may be given.

        Args:
            lines: texts of at most 4,096 bytes in UTF-8.

        Raises:
            InvalidInput: they are no texts, or one is too long; the message says which, from 1.
            Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        return await self._moderated(check_lines(lines), self.timeouts.text)

    async def voice_mood(
        self,
        audio: Audio,
        sample_rate: int | None = None,
        *,
        text: str | None = None,
        language: str = "auto",
        baseline: Baseline | None = None,
    ) -> VoiceMood:
        """How excited and how pleased a voice is in a piece of speech.

        Args:
            audio: mono [n], int16 or float32 in [-1, 1], at most 30 s; or the path of a sound file.
            sample_rate: Hz, 8000 to 48000; for arrays only.
            text: what was said, of captions for instance; without it the server listens.
            language: for that, see `transcribe`.
            baseline: `VoiceMood.baseline` of the same speaker's last answer, to which arousal is relative.

        Raises:
            InvalidInput, Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        return await voice_mood(
            self._transport, audio, sample_rate, text, language, baseline, self.timeouts.transcribe
        )

    async def speak(
        self,
        text: str,
        *,
        voice: str | None = None,
        speed: float = 1.0,
        pauses: float = 1.0,
        lexicon: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Speech, None]:
        """Speak a text in Chinese, English or both; yields its speech clause by clause as it comes.

        Whoever stops iterating and closes the generator ends the work of the server too.

        Args:
            text: of any length; SSML where it begins with <speak>, then of 4,096 bytes.
            voice: a name such as "zf_xiaoxiao", or a mixture such as "zf_xiaoxiao:0.7,af_heart:0.3"; by
                default the server's for the text's language.
            speed: 0.5 to 2.
            pauses: what those of punctuation are multiplied by, 0 to 5.
            lexicon: how words are said: pinyin with figures for tones, IPA between slashes, or other words.

        Raises:
            InvalidInput, Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        limits, timeouts = self.limits, self.timeouts
        opened = partial(opened_stream, self._transport, limits=limits, timeouts=timeouts, marks=True)
        spoken = speak(opened, text, voice, speed, pauses, lexicon)
        try:
            async for piece in spoken:
                yield piece
        finally:
            await spoken.aclose()
