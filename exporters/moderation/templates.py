"""Lines that were written for training: what the corpora lack, and what must not be taken for offensive.

Groups stand in hateful and in harmless sentences alike, so that naming one is no offense; ordinary chat of a room is
harmless; threats, sexual words and self-harm, which no corpus labels, are told by these alone.
"""

import random
from collections.abc import Iterable

from exporters.moderation import contrasts
from exporters.moderation.corpora import Line

GROUPS_EN = (
    "women men girls boys gays lesbians trans_people gay_people black_people white_people asians latinos mexicans arabs muslims jews "
    "christians catholics hindus immigrants refugees foreigners migrants disabled_people deaf_people blind_people autistic_people "
    "old_people poor_people homeless_people chinese_people indians africans americans russians poles turks koreans japanese_people"
).split()
SINGLE_EN = (
    "woman man girl boy gay_man lesbian trans_woman black_man black_woman white_guy asian latino mexican arab muslim jew christian "
    "hindu immigrant refugee foreigner disabled_person blind_man autistic_kid old_lady homeless_man chinese_guy indian african american"
).split()
GROUPS_ZH = (
    "女人 男人 女生 男生 女司机 同性恋 黑人 白人 亚洲人 日本人 韩国人 美国人 印度人 非洲人 外国人 移民 难民 穆斯林 犹太人 基督徒 残疾人 聋哑人 盲人 老人 穷人 "
    "农民工 河南人 东北人 上海人 北京人 广东人 新疆人 四川人 福建人 台湾人 香港人 农村人 外地人 本地人 胖子 女权主义者 全职妈妈 跨性别者 少数民族"
).split()

HATE_EN = (
    "i hate {g}|i can't stand {g}|{g} are disgusting|{g} are vermin|{g} are animals|{g} are subhuman|{g} are a plague on this country|all {g} are stupid|"
    "{g} are scum|{g} should not be allowed to vote|send all {g} back|we should get rid of {g}|{g} deserve to die|kill all {g}|{g} are trash|"
    "{g} are inferior|nobody wants {g} here|{g} ruin everything|i despise {g}|{g} are lazy and dirty|{g} are nothing but criminals|{g} are liars and thieves|"
    "you can't trust {g}|the world would be better without {g}|{g} belong in a zoo|deport every one of the {g}|{g} make me sick|{g} don't deserve rights|"
    "{g} should be locked up|{g} are worthless|every {g1} is a parasite|that {g1} is a piece of garbage|you are just a dirty {g1}|a {g1} is worth less than dirt|"
    "shut up you stupid {g1}|i would never hire a {g1}, they are all dumb|{g} need to be wiped out|{g} are the scum of the earth|i hope {g} suffer|fuck {g}|fucking {g}|"
    "{g} are retarded|these {g} should crawl back to where they came from|burn the {g}|{g} are ugly and evil|{g} are not even human|wipe {g} off the map"
).split("|")
KIND_EN = (
    "i love {g}|{g} are people like you and me|{g} deserve respect|i am a {g1}|my best friend is a {g1}|{g} are welcome here|we support {g}|"
    "my neighbor is a {g1} and very kind|{g} have equal rights|hello to all the {g} in the chat|many {g} watch this stream|i am a proud {g1}|"
    "nobody should hate {g}|it is wrong to say that {g} are bad|stop insulting {g}|it's great to see {g} on stream|the {g1} over there won the game|"
    "a {g1} taught me how to cook|{g} are great|{g} fought for their rights|i don't hate {g}|we must protect {g} from violence|are there any {g} here|"
    "this song was written by a {g1}|how many {g} live in your town|saying that {g} are vermin is disgusting|{g} are not animals, they are people|"
    "the movie is about {g}|i met a {g1} yesterday, we had a nice talk|being a {g1} is nothing to be ashamed of|let's welcome the {g}|{g} and {h} live side by side"
).split("|")
INSULTS_EN = (
    "idiot moron loser clown retard dumbass asshole bastard bitch cunt dickhead douchebag jackass scumbag pig rat coward fool imbecile liar "
    "creep freak whore slut prick twat wanker piece_of_shit piece_of_trash waste_of_space dumb_fuck motherfucker son_of_a_bitch fat_ass bozo simpleton degenerate weirdo pervert"
).split()
INSULT_EN = (
    "you are a {i}|you're such a {i}|what a {i}|shut up {i}|shut the fuck up|he is a complete {i}|she is a {i}|you {i}|fuck off {i}|get lost {i}|"
    "this streamer is a {i}|only a {i} would say that|go to hell {i}|you're an ugly {i}|nobody likes you, {i}|stupid {i}|you are pathetic|you suck|"
    "you are so dumb it hurts|you have the brain of a {i}|screw you|fuck you|kiss my ass|your mom is a {i}|the mods are {i}s|lying {i}|this guy is a fucking {i}|"
    "you're garbage at this game|uninstall the game you {i}|trash player|worthless {i}|what is wrong with you, {i}|you disgust me|you're a disgrace|eat shit|"
    "politicians are all {i}s|he is the biggest {i} i have ever seen|they are a bunch of {i}s|how can anyone be this stupid|stop lying you {i}|crooked {i}|piss off"
).split("|")
SWEARS_KIND_EN = (
    "fuck yes that was amazing|holy shit what a play|this is fucking great|damn that is good|shit i forgot my keys|oh shit, well played|hell yeah|"
    "that game was badass|no fucking way, congrats|i am so fucking happy for you|damn i love this song|what the hell was that play, insane|that was sick|"
    "you killed it|this song is fire|that boss is a beast|kill the boss first|you nailed it|i'm dying of laughter|he shot first|dead chat|shoot the ball"
).split("|")
CHAT_EN = (
    "hello everyone|good morning from texas|what game is this|how much is the red one|does it come in size M|lol|LUL|KEKW|pog|PogChamp that was insane|gg|gg wp|nice shot|"
    "what song is this|first time here, love the stream|when is the next stream|can you show the back of the jacket|is shipping free|66666|hahaha|so cute|love from brazil|"
    "what mic do you use|thank you for the stream|brb|the audio is low|turn up the volume please|can you read my message|how old is your cat|i bought two of these last week|"
    "what's the discount today|does it work with iphone|that lipstick looks great on you|drop the link please|where are you from|you look tired today, take a rest|good luck|"
    "let's go|we won|i think he will win|what time is it there|see you tomorrow|he is playing so well|that was close|unlucky|nt nt|wp|any tips for beginners|what rank are you|"
    "the new update is good|the patch nerfed my main|that trade was bad|the movie was terrible|i don't like this color|the battery is bad|too expensive|delivery took ages"
).split("|")
COMPLAINTS_ZH = (
    "太难吃了|难吃死了|吃着恶心|吃出一根头发，恶心|菜里有虫子，太恶心了|差评|差评差评|垃圾外卖，再也不点了|什么破服务|太坑了|坑人|骗人的吧，就两块肉|送餐太慢，差评|客服态度极差|饭是馊的|肉是生的|"
    "汤全洒了，没法吃|分量少得可怜|跟图片完全不一样|等了三个小时才到|电话也不接|打电话说没做|小票上写的都没给|油太大，腻死了|咸死了|辣死我了|米饭硬得像石头|鸡肉上还有毛|饮料上飘着泡沫|盒子只装了一半|"
    "这家店越来越差|以后不会来了|一点都不新鲜|吃完肚子疼|拉了一晚上肚子|质量太差，穿一次就破了|退货太麻烦|假货吧|味道怪怪的|面都坨了|垃圾网络|卡死了|垃圾游戏|广告太多了|又输了，气死|"
    "打得好菜|太菜了吧|这把没了|别送了求你了|对面太恶心了，一直蹲|这个boss好恶心|笑死我了|累死了|饿死了|吓死我了|热死了|臭豆腐好吃|猪脚饭|狗粮多少钱|小鸡炖蘑菇|奶茶不错|黑椒牛柳好吃|白切鸡|老婆饼|"
    "垃圾廣告|戰起來|好噁心的操作|這隊友好雷|拉基|智商稅|87分|可撥|台灣人好多|大陸服比較強|香港的朋友好|沒人要推嗎|開大啊|死了又死|殺他|搶龍|一群人開團"
).split("|")
HATE_ZH = (
    "{g}都是垃圾|{g}都该死|{g}就是恶心|最讨厌{g}了|{g}没一个好东西|{g}滚出去|{g}素质就是低|{g}都是骗子|{g}全是小偷|{g}不配活着|{g}就是寄生虫|{g}真下贱|{g}智商低|"
    "{g}就该被赶走|{g}脏死了|{g}又蠢又坏|看到{g}就想吐|{g}都是畜生|{g}是社会的毒瘤|{g}就是低等人|{g}活该被歧视|世界上没有{g}就好了|{g}滚回老家去|{g}都是废物|一群傻逼{g}"
).split("|")
KIND_ZH = (
    "我喜欢{g}|{g}也是人，应该被尊重|我就是{g}|我朋友是{g}，人很好|欢迎{g}来直播间|{g}有同样的权利|不要歧视{g}|有没有{g}在看|很多{g}都很努力|{g}做的菜真好吃|今天采访了一位{g}|"
    "说{g}坏话是不对的|{g}真棒|支持{g}|这首歌是{g}写的|{g}和{h}一起比赛|我邻居是{g}，经常帮我|不能因为他是{g}就看不起他|{g}并不都是那样|讲讲{g}的故事吧|{g}加油"
).split("|")
INSULTS_ZH = (
    "傻逼 煞笔 脑残 智障 弱智 废物 垃圾 贱人 婊子 狗东西 畜生 白痴 蠢货 杂种 王八蛋 混蛋 人渣 败类 狗杂种 狗娘养的 死胖子 臭婊子 骚货 绿茶婊 神经病 变态 丑八怪 母狗 舔狗 死妈玩意 "
    "龟孙 猪脑子 傻叉 二货 贱货 妓女 娘炮 死基佬 老不死的 沙雕玩意 狗逼 臭傻逼 低能儿 下三滥 臭不要脸的 死全家的 孤儿"
).split()
INSULT_ZH = (
    "你就是个{i}|你这个{i}|主播是{i}|{i}主播|滚吧{i}|闭嘴{i}|真是{i}|一群{i}|{i}滚出直播间|你全家都是{i}|操你妈|草泥马|去你妈的|你妈死了|nmsl|你妈炸了|滚你妈的|"
    "妈了个逼的{i}|你个{i}玩意|见过{i}没见过你这么{i}的|你是不是{i}|{i}一个|死{i}|给爷爬{i}|你算什么东西|你脑子有病吧|你也配|不要脸|恶心死了你|长得真丑还出来播|"
    "cnm|你妈逼|狗都不如|去死吧{i}|你爹死了|有娘生没娘养|臭{i}|这{i}也能当主播|日你妈|干你娘|你个sb|sb主播|rnm|哈批|瓜娃子{i}"
).split("|")
CHAT_ZH = (
    "主播好|来了来了|666|6666|哈哈哈哈|哈哈哈笑死我了|awsl|太好看了|好可爱啊|这个多少钱|有没有优惠|包邮吗|什么时候发货|红色还有货吗|我要买三件|下单了|已拍|求链接|这件衣服有大码吗|身高160穿什么码|"
    "主播唱首歌吧|这歌叫什么名字|声音有点小|画面卡了|晚上好|早上好|第一次来|老粉来了|打卡|点个赞|关注了|礼物走一波|加油|厉害了|太强了|牛啊|牛逼|绝了|爷青回|泪目|xswl|yyds|前方高能|护眼|弹幕护体|"
    "这游戏怎么玩|带带我|这把稳了|可惜了|差一点|这波操作可以|对面好强|开团开团|拆塔啊|别送了|死了死了|又死了|打他打他|杀掉那个boss|人头给我|抢龙|猪脚饭好吃|鸡腿真香|狗狗好可爱|这只猫是什么品种|"
    "我奶奶也喜欢|妈妈我上电视了|老婆好漂亮|老公好帅|女神|男神|小姐姐真好看|小哥哥加油|送得很快，味道不错|味道一般|太辣了|送餐慢，饭都凉了|量太少了|分量足|不好吃|难吃|服务态度差|包装破了|外卖小哥很好|"
    "质量不错|比想象的薄|有点贵|下次还来|推荐给朋友了|吃完拉肚子|以后不会再点了|等了两个小时|汤洒了一半|有点失望|退款吧|明天几点播|今天播多久|快下播了吗|晚安|拜拜|明天见|辛苦了|休息一下吧|喝口水|"
    "國動加油|太神啦|顯靈啦|這場贏了|隊友好雷|可憐啊|主播辛苦了|好好笑|笑死|超好聽|等等吃什麼|開台了|這是什麼遊戲|87分不能再高了|台服人很多|抽到了|運氣真好|我也想要"
).split("|")
THREAT_EN = (
    "i will kill you|i'm going to kill you|i will find you and hurt you|i know where you live|you will die tonight|i'll beat you up|i am going to shoot you|"
    "i will burn your house down|watch your back, i'm coming for you|i'll stab you|i'm gonna smash your face in|i will rape you|someone should shoot you|i'll break your legs|you're dead when i see you|"
    "i hope you get murdered|i will slit your throat|i'm coming to your house with a gun|we will hunt you down|i'll make you bleed|wait till i get my hands on you|i'll blow up your school"
).split("|")
THREAT_ZH = (
    "我要杀了你|弄死你|我要弄死你|打死你|信不信我打死你|我知道你住哪|小心我砍死你|我会找到你的，你等着|晚上小心点，别走夜路|老子捅死你|杀你全家|杀光你全家|让你见不到明天的太阳|"
    "我要烧了你家|我找人打断你的腿|等着被我弄|见一次打一次|出门小心被车撞死|我要强奸你|把你剁了喂狗|你活不过今晚|我去你学校堵你|扒了你的皮|一枪崩了你|炸了你们学校|砍了你的手"
).split("|")
HARM_EN = (
    "i want to kill myself|i want to die|i am going to end my life|i'm cutting myself again|kill yourself|kys|go hang yourself|you should kill yourself|"
    "i don't want to live anymore|nobody would miss me if i was dead|i took all the pills|go jump off a bridge|drink bleach|i've been thinking about suicide|i can't go on, i want it to end"
).split("|")
HARM_ZH = (
    "我想自杀|我不想活了|我想死|活着没意思，想死|我要跳楼了|我割腕了|吃了一瓶安眠药|你去自杀吧|你怎么不去死|去跳楼吧|赶紧自杀|我撑不下去了，想结束生命|想从楼上跳下去|真的好想离开这个世界|"
    "我又自残了|遗书写好了|再见了，我不想活了|死了算了，没人在乎我"
).split("|")
SEXUAL_EN = (
    "show me your tits|show boobs|send nudes|take off your clothes|suck my dick|i want to fuck you|i want to lick your pussy|nice ass, bend over|you make me so horny|"
    "sit on my face|i'm jerking off to you|wanna have sex|let me cum on you|open your legs|big tits|wet pussy|blowjob|watch my porn|i want to see you naked|gangbang|hot milf|show us your panties|she has huge boobs"
).split("|")
SEXUAL_ZH = (
    "露个奶|看看奶子|脱衣服|脱光给我看|把内衣脱了|想操你|想上你|想日你|约炮吗|一夜情|给我口交|吃我鸡巴|舔逼|骚逼|好骚啊想干|奶子真大|看看逼|硬了|射了|打飞机|撸一发|自慰给我看|"
    "发点裸照|看黄片吗|你的胸好大想摸|屁股真翘想干|做爱吗|想睡你|内射|口爆|后入|小穴|肉棒|大屌|叫床给我听|多少钱一晚|开房吗|黑丝脚好想舔|内裤什么颜色的|裸聊加我"
).split("|")

ZERO = {"insult": 0.0, "hate": 0.0, "sexism": 0.0, "sexual": 0.0, "threat": 0.0, "self_harm": 0.0}
_WOMEN = (
    "women",
    "girls",
    "woman",
    "girl",
    "女人",
    "女生",
    "女司机",
    "全职妈妈",
    "女权主义者",
    "lesbian",
    "lesbians",
)


def _lines(texts: Iterable[str], labels: dict[str, float], language: str, name: str) -> list[Line]:
    return [
        Line(text.replace("_", " "), {**ZERO, **labels}, "written", language, {"kind": name})
        for text in texts
    ]


def _filled(
    frames: list[str], groups: list[str], singles: list[str], chance: random.Random, each: int
) -> list[tuple[str, str]]:
    found = []
    for frame in frames:
        names = singles if "{g1}" in frame else groups
        for name in chance.sample(names, min(each, len(names))):
            other = chance.choice([one for one in groups if one != name])
            found.append((frame.replace("{g1}", name).replace("{g}", name).replace("{h}", other), name))
    return found


def written(seed: int = 0, each: int = 8) -> list[Line]:
    """All of them, the groups and insults drawn by `seed`."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    lines: list[Line] = []
    for frames, groups, singles, language in (
        ([*HATE_EN, *contrasts.HATE_EN], GROUPS_EN, SINGLE_EN, "en"),
        (HATE_ZH, GROUPS_ZH, GROUPS_ZH, "zh"),
    ):
        for text, name in _filled(frames, groups, singles, chance, each):
            lines += _lines(
                [text], {"toxicity": 1.0, "hate": 1.0, "sexism": float(name in _WOMEN)}, language, "hate"
            )
    for frames, groups, singles, language in (
        ([*KIND_EN, *contrasts.KIND_EN], GROUPS_EN, SINGLE_EN, "en"),
        (KIND_ZH, GROUPS_ZH, GROUPS_ZH, "zh"),
    ):
        lines += _lines(
            (text for text, _ in _filled(frames, groups, singles, chance, 2 * each)),
            {"toxicity": 0.0},
            language,
            "kind",
        )
    for frames, names, language in ((INSULT_EN, INSULTS_EN, "en"), (INSULT_ZH, INSULTS_ZH, "zh")):
        texts = {
            frame.replace("{i}", name)
            for frame in frames
            for name in chance.sample(names, min(each, len(names)))
        }
        lines += _lines([*sorted(texts), *names], {"toxicity": 1.0, "insult": 1.0}, language, "insult")
    lines += _lines([*SWEARS_KIND_EN, *CHAT_EN], {"toxicity": 0.0}, "en", "chat") + _lines(
        [*CHAT_ZH, *COMPLAINTS_ZH], {"toxicity": 0.0}, "zh", "chat"
    )
    for en, zh, name in ((THREAT_EN, THREAT_ZH, "threat"), (SEXUAL_EN, SEXUAL_ZH, "sexual")):
        lines += _lines(en, {"toxicity": 1.0, name: 1.0}, "en", name) + _lines(
            zh, {"toxicity": 1.0, name: 1.0}, "zh", name
        )
    for text, labels, language in contrasts.contrasts(chance, each):
        unknown = ("insult", "toxicity") if "self_harm" in labels else ()
        known = {name: value for name, value in ZERO.items() if name not in unknown}
        lines.append(Line(text, {**known, **labels}, "written", language, {"kind": "contrast"}))
    # Who speaks of himself needs help, and offends nobody: so much as these lines alone, toxicity is not learned.
    return lines + [
        Line(
            text,
            {**{k: v for k, v in ZERO.items() if k != "insult"}, "self_harm": 1.0},
            "written",
            language,
            {"kind": "self_harm"},
        )
        for texts, language in ((HARM_EN, "en"), (HARM_ZH, "zh"))
        for text in texts
    ]
