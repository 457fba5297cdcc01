"""Rooms in Chinese: the script that was asked for in every caption, partial ones too."""

import pytest
from liveroom import AsyncClient

from evaluation.error_rates import error_rate
from evaluation.mixed_scripts import of_the_other_script
from evaluation.speech import Clip
from server import Triton
from tests.triton.rooms import finals, play, text


@pytest.mark.parametrize(
    ("language", "traditional"), [("auto", False), ("zh-CN", False), ("en,zh-TW", True), ("zh_hk", True)]
)
async def test_a_room_reads_its_own_script_from_the_first_partial(
    live_triton: Triton, corpus: dict[str, Clip], language: str, traditional: bool
) -> None:
    clip = corpus["zh-jishu"]
    async with AsyncClient(live_triton.grpc) as client:
        captions = await play(client, clip.audio, language=language)
    assert {each.language for each in finals(captions)} == {"zh"}
    for caption in captions:
        assert of_the_other_script(caption.text, traditional=traditional) == []
    assert error_rate([(clip.text, text(captions))], "zh") <= 0.4


async def test_a_script_that_is_none_is_refused(live_triton: Triton, corpus: dict[str, Clip]) -> None:
    async with AsyncClient(live_triton.grpc) as client:
        with pytest.raises(Exception, match="language is 'zh-XX'; Chinese is written as zh or zh-Hans"):
            await play(client, corpus["zh-jishu"].audio, language="zh-XX")
