"""Forty sentences of each language are spoken, and heard again by `asr`. Minutes: pytest -m slow."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import liveroom
import numpy as np
import pytest

from evaluation.error_rates import error_rate
from server import Triton

PROJECT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CHINESE = """大家晚上好，欢迎来到我的直播间。
今天给大家带来一款非常好用的面霜。
这件衣服的颜色真的很漂亮。
喜欢的朋友可以点一下关注。
我们的仓库就在上海，明天就能发货。
这个价格只有今天晚上才有。
有什么问题都可以在评论里告诉我。
谢谢大家一直以来的支持。
这款手机的电池可以用两天。
我先给大家看一下包装。
请不要着急，马上就开始。
它的味道很清淡，不会太甜。
孩子和老人都可以放心使用。
昨天有很多朋友没有买到。
我自己用了三个月，效果很好。
这双鞋子走路非常舒服。
下面我们来抽奖，请大家准备好。
如果不喜欢，七天之内可以退货。
这个季节最适合喝一点热茶。
我们明天晚上八点再见。
音乐的声音是不是太大了？
现在网络有点慢，请等一下。
这是我妈妈最喜欢的一道菜。
图书馆里面非常安静。
他每天早上都去公园跑步。
北京的冬天比南方冷得多。
火车还有十分钟就要开了。
老师让我们把作业写完再回家。
窗户外面下着很大的雨。
医生说你需要多休息。
这条路一直走就到地铁站了。
我想学习一门新的语言。
中国的历史非常悠久。
周末我们一起去看电影吧。
超市里的水果今天打折。
请把这封信交给办公室的同事。
天气预报说明天会下雪。
小猫在沙发上睡着了。
我们公司正在招聘新的员工。
祝大家身体健康，万事如意。""".splitlines()

ENGLISH = """Good evening everyone, and welcome to my live show.
Today I want to show you a wonderful new cream.
The color of this dress is really beautiful.
If you like it, please follow our channel.
Our warehouse is in London, so we can ship tomorrow.
This price is only available tonight.
You can ask me anything in the comments.
Thank you all for your support.
The battery of this phone lasts for two days.
Let me show you the box first.
Please wait a moment, we are about to start.
It tastes very fresh and it is not too sweet.
Children and older people can use it safely.
Many friends could not buy it yesterday.
I have used it for three months and it works very well.
These shoes are very comfortable to walk in.
Now we are going to draw the winner, so get ready.
If you don't like it, you can return it within a week.
This is the best season for a cup of hot tea.
See you tomorrow evening at eight.
Is the music too loud for you?
The network is a little slow, please hold on.
This is my mother's favorite dish.
It is very quiet inside the library.
He goes running in the park every morning.
The winter here is much colder than in the south.
The train will leave in ten minutes.
The teacher asked us to finish our homework.
It is raining heavily outside the window.
The doctor says you need more rest.
Walk straight ahead and you will find the station.
I would like to learn a new language.
The history of this country is very long.
Let's go to the movies together this weekend.
The fruit in the supermarket is on sale today.
Please give this letter to your colleague in the office.
The forecast says it will snow tomorrow.
The little cat fell asleep on the sofa.
Our company is looking for new people.
I wish you all good health and happiness.""".splitlines()


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server with `tts`, and `asr` that hears it."""
    log = tmp_path_factory.mktemp("tts") / "triton.log"
    with Triton(PROJECT / "model_repository", ["tts", "asr"], drain_s=0, log_file=log) as server:
        yield server


@pytest.fixture
async def client(triton: Triton) -> AsyncIterator[liveroom.AsyncClient]:
    async with liveroom.AsyncClient(triton.grpc) as client:
        yield client


@pytest.mark.parametrize(("language", "sentences"), [("zh", CHINESE), ("en", ENGLISH)])
async def test_at_most_one_in_twenty_is_heard_wrong(
    client: liveroom.AsyncClient, language: str, sentences: list[str]
) -> None:
    assert len(sentences) == 40
    heard = []
    for sentence in sentences:
        samples = np.concatenate([piece.samples async for piece in client.speak(sentence)])
        heard.append((sentence, (await client.transcribe(samples, 24_000, language=language)).text))
    rate = error_rate(heard, language)
    wrong = [pair for pair in heard if error_rate([pair], language)]
    print(f"{language}: {100 * rate:.2f} %", *wrong, sep="\n")
    assert rate <= 0.05
