"""What is seen and heard of a live room while it is played."""

from collections import Counter
from dataclasses import dataclass, field

from liveroom import Caption, LiveroomError, Moderated, RoomMood
from liveroom.cli._chat_view import styled_line, styled_news
from liveroom.cli._view import CaptionView
from rich.console import Console
from rich.text import Text

from evaluation.error_rates import tokens
from perf.load.chat_source import ChatSource
from perf.load.playback import Playback
from perf.load.room_player import ChatEvent, Event, Source
from perf.load.video_source import VideoSource


@dataclass
class Record:
    """Shows captions as they come, and counts what came.

    Attributes:
        captions: as they came.
        words: in final captions; characters in Chinese.
        finals: final captions.
        partial_s, final_s: latency of each caption, from when its last sample was spoken.
        faces: in all frames that were looked at.
        expressions: the likeliest one of each face.
        frame_s: latency of each frame, from when it was handed to the client.
        frames_dropped: frames that the client or the server had no time for.
        decided: what became of lines of chat.
        line_s: latency of each line of chat, from when it was due.
        moods: the newest of host and audience.
    """

    playback: Playback
    video: VideoSource | None
    chat: ChatSource | None
    console: Console
    captions: list[Caption] = field(default_factory=list)
    words: int = 0
    finals: int = 0
    partial_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)
    faces: int = 0
    expressions: Counter[str] = field(default_factory=Counter)
    frame_s: list[float] = field(default_factory=list)
    frames_dropped: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    line_s: list[float] = field(default_factory=list)
    moods: dict[str, RoomMood] = field(default_factory=dict)

    def hear(self, event: Event, view: CaptionView) -> None:
        """Takes an event of the room."""
        if isinstance(event, Caption):
            self._count(event)
            view.write(event)
        elif self.video:
            self.frame_s.append(self.video.since_sent(event.pts_start))
            self.faces += len(event.vision.faces)
            self.expressions.update(face.top_expression for face in event.vision.faces)

    def hear_chat(self, event: ChatEvent, view: CaptionView) -> None:
        """Takes what comes of chat, and moods; shows moods where there is something else to say of them."""
        if isinstance(event, Moderated):
            self.decided[event.action] += 1
            self.line_s.append(self.playback.since(event.pts_start))
            view.note(Text().join(styled_line(event, event.text, event.viewer)))
            return
        if isinstance(event, RoomMood):
            before, self.moods[event.who] = self.moods.get(event.who), event
            if before and before.reason == event.reason:
                return
        view.note(Text().join(styled_news(event)))

    def failed(self, source: Source, error: LiveroomError) -> None:
        """Says so: the speech goes on."""
        what = "film" if source is self.video else "chat"
        self.console.print(f"the {what} ended early: {error}", style="yellow", markup=False)

    def _count(self, caption: Caption) -> None:
        self.captions.append(caption)
        latency_s = self.playback.since(caption.pts_end)
        if caption.is_final:
            self.finals += 1
            self.words += len(tokens(caption.text, caption.language))
            self.final_s.append(latency_s)
        else:
            self.partial_s.append(latency_s)
