"""Lines that differ in one thing: who is hated from who is named, what threatens from what only says "kill".

Frames, `|` between them, filled by :func:`contrasts`. What they try to teach in English is what moderators
ask for: derogation, exclusion, denied worth, questions, threats, slurs; and, against these, praise,
self-reference, counter speech, quotation, and hate of things.
"""

import random
from collections.abc import Sequence

HATE_EN = (
    "the only good {g1} is a dead {g1}|{g} have no place in this country|{g} don't belong here|this country has too many {g}|we don't want {g} around here|"
    "why do we still let {g} live here?|does anyone really like {g}?|who would ever want {g} as neighbors?|am i the only one sick of {g}?|{g} are not normal|"
    "{g} are a disease|{g} are a threat to us all|{g} are like cockroaches|{g} are filth|{g} are monsters|{g} are evil|{g} are idiots|{g} are so dumb|{g} are gross|"
    "{g} are parasites|{g} are savages|{g} are perverts|{g} are rapists|{g} are thieves|{g} are dangerous|{g} are to blame for everything|{g} are ruining our neighborhood|"
    "{g} can't do anything right|{g} can't be trusted|never trust a {g1}|i could never respect {g}|i have no respect for {g}|i really loathe {g}|i absolutely detest {g}|"
    "god i hate {g}|i fucking hate {g}|hate {g} so much|i'm so sick of {g}|i want nothing to do with {g}|{g} disgust me|{g} freak me out|{g} will never be equal to us|"
    "{g} are beneath us|{g} are second class people|{g} are good for nothing|{g} are not welcome|no {g} allowed|keep {g} out|get rid of all {g}|round up the {g}|"
    "we need to wipe out {g}|someone should beat up those {g}|{g} deserve a beating|{g} deserve what they get|{g} should be shot|{g} should be punished|"
    "{g} should all be hanged|i'm going to hurt a {g1} today|next {g1} i see gets punched|let's attack the {g}|let's kick {g} out of our city|let's make {g} suffer|"
    "{g} will get what is coming to them|{g} should not have the same rights as us|{g} should not be allowed to marry|{g} should not be allowed to have children|"
    "{g} should know their place|being a {g1} is a sin|being a {g1} is a disorder|what a stupid {g1}|that {g1} is disgusting|you filthy {g1}|you dumb {g1}|ugly {g1}|"
    "worthless {g1}|you act like a {g1}, pathetic|trust me, every {g1} lies|every {g1} i know is a moron|{g} don't deserve to live|{g} are not worth anything|"
    "{g} are nothing like real people|{g} never contributed anything|{g} are not smart enough to vote|nobody likes {g}|no decent person wants to be near {g}|"
    "if you are a {g1}, you make me want to puke|a {g1}? disgusting|it's always the {g} who cause trouble|{g} breed like rats|fuck all {g}|{g} suck|{g} can go to hell|"
    "to hell with {g}|screw {g}|honestly, the world is better off without {g}|just another lazy {g1}|typical {g1}, always stealing|just like a {g1} to cheat|"
    "i refuse to share an office with {g}|i don't hate anybody, but {g} should leave|i hate everything about {g}|{g} have no brain|{g} aren't human|there is nothing good about {g}|"
    "{g} smell bad|{g} poison our society|how come {g} are so stupid?|why are {g} such liars?"
).split("|")
KIND_EN = (
    "{g} are amazing|{g} are wonderful people|i really admire {g}|i respect {g}|i adore {g}|happy to see {g} here|{g} make this town better|{g} are my heroes|"
    "god bless all {g}|proud to be a {g1}|as a {g1}, i feel at home here|i'm a {g1} and i'm fine|my wife is a {g1}|my boss is a {g1}|we hired a {g1} last week|"
    "two {g} walked by|the {g1} bought a ticket|there are {g} in my class|there is a {g1} at the door|i saw a {g1} on the bus|{g} vote too|{g} pay taxes like everyone|"
    "{g} make up a tenth of our town|it's hard to be a {g1} in this city|{g} face discrimination|{g} are often treated badly|{g} are victims of violence|"
    'we need to stand up for {g}|stop the hate against {g}|if you hate {g}, leave|whoever says that {g} are animals is wrong|he said "i hate {g}" and got banned|'
    'she was fined for saying "{g} are scum"|"kill all {g}" is what the nazis shouted|calling {g} filth is hate speech|you can\'t say "{g} are stupid" and expect no answer|'
    "people who think {g} are inferior need an education|it is not ok to call {g} parasites|please don't joke about {g}|nobody should say {g} don't belong here|"
    "i can't believe somebody wrote \"no {g} allowed\"|{g} are not a threat|{g} are not evil|{g} are not stupid|{g} aren't criminals|no {g1} deserves to die|"
    "no {g1} should be treated like that|not all {g} think alike|nothing is wrong with being a {g1}|i never hated {g}|i would never hurt a {g1}|who doesn't love {g}?|"
    "why do people hate {g}?|why is he so afraid of {g}?|do you know any {g}?|what's it like to be a {g1}?|we should welcome {g}|let's help {g}|let's celebrate {g}|"
    "{g} should have the same rights as us|{g} should be allowed to marry|{g} deserve to live in peace|{g} deserve better|{g} deserve a chance|i trust {g}|"
    "trust this {g1}, she knows|i've worked with {g} for years|working with {g} is fun|our team works with {g}|i share an office with two {g}|i had lunch with {g}|"
    "we played against {g}"
).split("|")
THINGS_EN = (
    "mondays|traffic_jams|this_game|my_phone|that_movie|pineapple_pizza|lag|spinach|cold_coffee|rainy_days|ads|this_map|slow_internet|cables|mosquitoes|cockroaches|"
    "loud_music|taxes|homework|exams|the_new_update|my_alarm_clock|these_shoes|airports|printers|the_flu|meetings|passwords|broken_chairs|that_boss_fight|wasps|"
    "plastic_bags|cancer|diseases|this_queue"
).split("|")
HATED_THINGS_EN = (
    "i hate {t}|i fucking hate {t}|god i hate {t}|i can't stand {t}|{t} make me sick|{t} should be banned|{t} are the worst|we should get rid of {t}|kill {t} with fire|"
    "fuck {t}|screw {t}|the world would be better without {t}|{t} are disgusting|{t} are a plague|nobody wants {t}|to hell with {t}|i'm so sick of {t}|i despise {t}|"
    "{t} suck|{t} are trash|no one likes {t}|i wish {t} would die out"
).split("|")
THREAT_EN = (
    "i'm going to {v} you|i will {v} you|i'll {v} you, just wait|i swear i will {v} you|someone should {v} you|somebody needs to {v} him|i want to {v} her|"
    "i hope someone will {v} you|we're coming to {v} you|when i see you i will {v} you|one day i'm gonna {v} your family|i'll {v} you and your kids|next time i'll {v} you|"
    "say that again and i'll {v} you|shut up or i'll {v} you|i have your address, i'll {v} you|i'd love to {v} this streamer|we will {v} every one of you|"
    "nobody will find you after i {v} you|you better run, i'm going to {v} you"
).split("|")
VIOLENCE_EN = (
    "kill|shoot|stab|strangle|murder|behead|hang|beat_up|cut|burn|hurt|choke|bury|smash|punch|break"
).split("|")
THREAT_ZH = (
    "我要{v}你|老子{v}你|信不信我{v}你|早晚{v}你|迟早有人{v}你|再说一句我{v}你|你给我等着，{v}你|下次见面{v}你|我一定{v}你全家|我叫人{v}你|出门就{v}你|我知道你家在哪，{v}你|别让我看见你，看见就{v}你|今晚就去{v}你|你再骂试试，{v}你|闭嘴，不然{v}你|总有一天我会{v}你|"
    "带刀去{v}你"
).split("|")
VIOLENCE_ZH = ("弄死|打死|砍死|捅死|杀了|掐死|勒死|烧死|剁了|打残|揍死|废了|枪毙了|活埋|撞死|宰了").split("|")
HARM_EN = (
    "i want to {d}|i'm going to {d}|i just want to {d}|i feel like i want to {d}|tonight i will {d}|sometimes i think i should {d}|i've decided to {d}|you should {d}|"
    "why don't you {d}|just go {d}|please {d}|do us a favor and {d}|i can't take it anymore, i will {d}|nobody cares if i {d}|i wrote a note, i'm going to {d}|"
    "goodbye everyone, i am about to {d}"
).split("|")
DYING_EN = (
    "kill myself|end my life|hang myself|cut my wrists|jump off a bridge|overdose|take my own life|end it all|slit my wrists|swallow all my pills"
).split("|")
HARM_ZH = (
    "我想{d}|我要{d}了|好想{d}|今晚就{d}|真的撑不住了，想{d}|活着太累了，想{d}|没人在乎我，我去{d}|你怎么不去{d}|你去{d}吧|赶紧{d}|求你{d}吧|每天都想{d}|遗书写好了，准备{d}|我决定{d}|再也受不了，只想{d}"
).split("|")
DYING_ZH = ("自杀|割腕|跳楼|上吊|跳河|吞安眠药|结束生命|了结自己|烧炭|自残|喝农药|轻生|从楼上跳下去").split(
    "|"
)
SEXUAL_EN = (
    "show me your {b}|i want to see your {b}|let me touch your {b}|i want to lick your {b}|nice {b}, send pics|your {b} make me hard|can i cum on your {b}|"
    "those {b} are so hot|i'm jerking off to your {b}|send a pic of your {b}|let me suck your {b}|i'd love to squeeze those {b}|get your {b} out|"
    "i dream about your {b} every night|flash your {b}"
).split("|")
BODY_EN = ("tits|boobs|pussy|ass|dick|cock|nipples|naked|body|panties|butt").split("|")
SEXUAL_ZH = (
    "看看{b}|给我看{b}|想摸{b}|想舔{b}|露一下{b}|你的{b}好诱人，想要|把{b}露出来|{b}真大，好想玩|对着{b}撸了|想吃你的{b}|拍张{b}照片发我|{b}好骚|今晚让我玩你的{b}|你{b}湿了吗"
).split("|")
BODY_ZH = ("奶子|胸部|屁股|下面|大腿根|小穴|鸡巴|裸体|乳头|咪咪|私处").split("|")
BENIGN_EN = (
    "this game is killing me|i'm dying laughing|my back is killing me|kill the dragon first|i killed three of them in the last round|shoot the zombie|we killed it on stage|"
    "i could kill for a coffee|you're killing it today|i'm dead lol|that joke killed me|my battery died|my phone is dead|he died in the last episode|"
    "the boss died at one percent|i keep dying at this level|we all die in this dungeon|die hard is my favorite movie|i nearly died of embarrassment|"
    "who killed laura palmer|beat him two to one|they will beat us in the final|he got shot in the film|stab the boss in the back|cut the cake|burn the calories|"
    "i will hang the picture|break a leg tonight|punch line was great|choke in the final again|hang out with me later|smash that like button|i will smash this level|"
    "doctors say sleep prevents heart attacks|suicide prevention hotline is open all night|my uncle died of cancer last year|she talked about depression and therapy|"
    "if you feel down, talk to somebody|please take care of yourself|breast cancer screening is free this week|the doctor checked my chest|"
    "sex education should be taught in school|same sex marriage is legal here|what sex is your cat|our baby was breastfed|he has a nude painted wall|"
    "nude lipstick looks great|hot chocolate please|this sauce is hot|i got my ass kicked in ranked|that is one big ass sandwich|badass outfit|smart ass answer haha|"
    "damn that's good|hell of a game|what the fuck, so good|fucking awesome stream|shit, i missed it|holy crap nice|this is the shit|i love this bitch of a level|"
    "no shit sherlock|fuck it, let's go|i hit my head|my knee hurts|the medicine makes me sleepy|take two pills a day|jump off the bridge in this map to find the chest|"
    "drink more water|i want to end the game early|go jump over the rock|monster trucks are cool|my dog is such a pig|rats are clever pets|apes share most of our genes|"
    "we saw monkeys at the zoo|the snake ate the mouse|trash is collected on friday|garbage day is tomorrow|what a stupid question i asked|i am so stupid, forgot my keys|"
    "i'm such an idiot, locked myself out|that was dumb of me|silly me|the idiot's guide to excel|stupid autocorrect|dumb phone|crazy good|sick beat|"
    "the queer film festival starts today|gay pride is in june|we bought a dyke map of holland|the black cat and the white dog|yellow is my color|retard the spark timing|"
    "slave drive in the old computer|spic and span|chink in the armor|nip it in the bud"
).split("|")
BENIGN_ZH = (
    "我要死了笑死我了|笑到肚子疼|累死我了|困死了|热死了快开空调|饿死了先吃饭|美死了|好吃到死|想死你了|可想死我们了|爱死这个颜色了|吓死宝宝了|气死我了哈哈|急死人了|冷死了|烦死了作业好多|被自己蠢哭了|我真是个笨蛋又忘带钥匙|这个boss太难杀了|先杀小怪再打boss|杀了三个人头|五杀|反杀漂亮|秒杀价还有吗|"
    "打死那个僵尸|砍一刀拼多多|帮我砍价|杀价|一枪爆头|枪法真准|刀法不错|他被淘汰了|又被打死了|死在最后一关|这局打残了对面|医生说要多休息|我妈妈在医院做手术|乳腺检查很重要|乳腺癌筛查免费|孕妇可以吃吗|宝宝母乳喂养|妇科体检|性别平等|性教育很重要|性价比很高|性格真好|性能不错|男性女性都可以穿|两性关系讲座|"
    "生理期肚子疼|抑郁症要及时看医生|心理援助热线24小时|不要想不开，会好的|珍惜生命|好好活着|预防自杀的讲座|他在电影里自杀了|主角最后跳楼了，太虐了|这把自杀式冲锋|跳楼价甩卖|吃药了吗|安眠药要遵医嘱|活着真好|胸围多少|胸针好看|鸡胸肉多少钱一斤|屁股疼，坐太久了|湿了，下雨没带伞|下面条吃|下面有请嘉宾|大腿肌肉拉伤|"
    "脱毛膏好用吗|脱水蔬菜|裸色口红|裸机价格|硬盘坏了|我看硬了的面包不好吃|射门！|射手太强了|射击游戏|操作真好|操场见|体操比赛|干杯|干活了|日出真美|草莓好吃|草原上的风|滚筒洗衣机|滚烫的汤|鸡蛋|鸡腿饭|鸭脖|狗粮|狗狗生病了|养猪场|猪肉涨价|猪年快乐|王八汤|乌龟好可爱|老鼠药有吗|蠢萌蠢萌的|傻傻分不清|傻笑|"
    "小傻瓜爱你|我是基佬紫爱好者|婊字怎么读|贱卖了|犯贱又去吃辣|骚年加油|闷骚的颜色|逼真的画面|装修逼真|牛逼克拉斯|苦逼打工人|二逼青年欢乐多|屌丝逆袭|尼玛笑死|卧槽好厉害|我靠牛|我去太快了|妈耶|妈呀好看|他妈的太好吃了|真他妈好听"
).split("|")
COMPLAINT_ZH = (
    "{t}太恶心了|{t}看着就恶心|{t}恶心死了，不会再买|吃到{t}，恶心得想吐|一股{t}的味道，真恶心|{t}垃圾，差评|{t}真垃圾，别买|{t}太差劲了，太可恶了|"
    "被{t}恶心到了，气死我了|{t}像垃圾一样，扔了|什么破{t}，再也不来了|{t}馊了，恶心|{t}臭了还拿来卖|{t}没洗干净，真够恶心的|{t}太难吃了，吐了|"
    "这么差的{t}，骗人的吧|{t}也太坑了，骗钱|{t}烂透了，退货|{t}服务态度恶劣，素质差|等了两个小时{t}还没到，什么玩意|{t}真是醉了，无语|{t}太牛逼了|卧槽，{t}真香|"
    "{t}弄洒了还不道歉，气人|{t}质量太次，后悔死了"
).split("|")
THINGS_ZH = (
    "鸡翅|米饭|红烧肉|冷面|土豆丝|凉皮|奶茶|豆浆|排骨|饺子|麻辣烫|鱼头|火锅底料|咸菜|头发|苍蝇|蟑螂|地沟油|外卖|快递|包装|客服系统|这家店|这个平台|店家的汤|盒饭|"
    "这双鞋|这件衣服|充电宝|面膜|口红|耳机|这个游戏|这个地图|这个更新|匹配机制|这个音效|网速|广告|物流"
).split("|")
INSULTS_ZH = (
    "nmsl|wcnm|cnm|nmb|sb|tmd|草你妈|操你妈|艹你妈|日你妈|干你娘|去你妈的|你妈死了|🖕|🖕你妈|操你大爷|死全家|全家死光|脑残|脑瘫|脑子有坑|贱人|骚货|婊子|鸡巴玩意|麻痹的|你麻痹|你马死了|尼玛死了|弱智|智障|傻b|傻逼|沙比|煞笔|"
    "傻叉|二逼|去死|去死吧|滚蛋|滚粗|辣鸡|废物|狗东西|狗娘养的|狗杂种|杂种|畜生|孤儿|没爹没妈|恶心玩意|死胖子|丑八怪|土鳖|憨批|蠢货|蠢猪|白痴|神经病|贱货|王八蛋|龟儿子"
).split("|")
INSULTED_ZH = (
    "{w}|主播{w}|你{w}|你是{w}吧|{w}，闭嘴|真{w}|{w}主播|{w}！！！|这{w}|{w}别播了|又是这个{w}|楼上{w}|骂的就是你，{w}|{w}滚出直播间|哪来的{w}|{w}也配说话|"
    "笑死，{w}|{w}{w}{w}|说的就是你{w}|你个{w}|{w}还不下播|@主播 {w}|你全家{w}|就你这{w}样"
).split("|")
INSULTS_EN = (
    "fuck you|fuckyou|fuck off|f u|stfu|kys|kill yourself|go die|die already|piece of shit|pos|moron|idiot|imbecile|dumbass|dumb fuck|dipshit|shithead|asshole|"
    "dickhead|douchebag|bitch|son of a bitch|cunt|twat|wanker|prick|loser|scumbag|motherfucker|mf|fatso|ugly freak|brain dead|clown|trash human|waste of air|pathetic worm"
).split("|")
INSULTED_EN = (
    "{w}|{w} streamer|you {w}|hey {w}|{w} lol|{w}!!!|shut up {w}|{w}, nobody likes you|{w} you are so bad|what a {w}|this {w} again|look at this {w}|@streamer {w}|"
    "{w} and uninstall|you're such a {w}|ur a {w}|{w} {w} {w}|just {w} already"
).split("|")
NAMES_EN = (
    "Scunthorpe|Penistone|Hitchcock|Moby Dick|Dick Cheney|Dick Van Dyke|Philip K. Dick|Charles Dickens|Emily Dickinson|Cockburn|Hancock|Babcock|Woodcock|Alcock|Fuchs|"
    "Fuchsia|Phuc|Phuket|Bich Ngoc|Nguyen Phuc|Sussex|Essex|Middlesex|Arsenal|Assange|Cassandra|Bassett|Kuntz|Cumberbatch|Cummings|Lake Titicaca|Titus|Weiner|Gaylord|"
    "Marvin Gaye|Mike Hunt|Butts|Buttigieg|Cox|Koch|Hooker|Fanny|Shitake|Mishit|Dyke Road|Beaver Creek|Hoare|Slater|Rapeseed|Niger|Nigeria|Montenegro|Niggle|Snigger|Cocktail"
).split("|")
NAMED_EN = (
    "{n}|watching a {n} film tonight|greetings from {n}|{n} United won|my teacher is called {n}|Ms {n} is here|Mr. {n} scored|i read {n} last week|have you heard of {n}?|"
    "{n} is my favorite|we live near {n}|the {n} family says hi|{n} wrote that book|play something by {n}|who is {n}|{n} was great|hello {n}|is {n} on the map?"
).split("|")
DENIED_EN = (
    "you are not {a}|he is not {a} at all|nobody here is {a}|she isn't {a}|you're not {a}, don't worry|they were never {a}|don't call yourself {a}|i never said you are {a}|"
    "i felt {a} when i missed it|am i {a}?|it's not {a} to ask"
).split("|")
RUDE_EN = "stupid|dumb|ugly|fat|crazy|an idiot|a loser|useless|a clown|lazy|worthless|trash".split("|")
KILLED_EN = (
    "i'm gonna kill this {b}|let's kill the {b}|kill that {b} already|i killed the {b}|how do you kill this {b}?|shoot the {b}|we beat the {b}|burn the {b} down|"
    "stab the {b} from behind|that {b} killed me again|just murdered the {b}|you destroyed the {b}|die, stupid {b}|the {b} must die"
).split("|")
BOSSES_EN = (
    "boss|dragon|zombie|final boss|enemy team|goblin|turret|monster|level|bug|spider|mosquito|raid boss|creep|witch|skeleton|tank|vampire|wave|beat"
).split("|")
SICK_ZH = (
    "{s}恶心|有点恶心想吐，{s}|{s}恶心得吃不下|恶心|恶心想吐|恶心反胃|怀孕{s}恶心怎么办|{s}恶心头晕|最近{s}总恶心|吃了药{s}恶心|好恶心的味道|看着好恶心啊哈哈"
).split("|")
SICKLY_ZH = ("晕车|晕船|有点|早上|喝多了|胃|吃撑了|感冒|闻到烟味|坐飞机").split("|")
ABOUT_ZH = (
    "{c}是犯罪|{c}是错的|反对{c}|拒绝{c}|{c}怎么举报|遇到{c}要报警|{c}的人该受罚|他因为{c}被抓了|讲{c}的电影|{c}这个案子判了|{c}不可取|举报{c}|法律怎么规定{c}|"
    "{c}受害者需要帮助|预防{c}|新闻说有人{c}|如何防止{c}|不要{c}"
).split("|")
CRIMES_ZH = (
    "强奸|性骚扰|种族歧视|性别歧视|地域歧视|家暴|校园霸凌|网络暴力|杀人|猥亵|诈骗|虐待动物|辱骂他人|偷拍|拐卖|贩毒|仇恨言论|骚扰"
).split("|")
ABOUT_EN = (
    "{c} is a crime|{c} is wrong|say no to {c}|how do i report {c}|he was arrested for {c}|a film about {c}|the law on {c}|help for victims of {c}|stop {c}|"
    "a talk on {c} in school|the news reported {c}|{c} is never ok"
).split("|")
CRIMES_EN = (
    "rape|sexual harassment|racism|sexism|domestic violence|bullying|murder|child abuse|hate speech|fraud|stalking|doxxing|human trafficking|animal cruelty"
).split("|")
SLURS_EN = ("faggot|dyke|tranny|nigger|chink|spic|kike|raghead|paki|gook|retard|cripple|whore|slut").split(
    "|"
)
SLURRED_EN = (
    "you are a {s}|you're just a {s}|stupid {s}|dirty {s}|look at this {s}|what a {s}|go home {s}|{s}s everywhere|i hate {s}s|shut up {s}|typical {s}|kill the {s}s|"
    "no {s}s here|you act like a {s}|ugly {s}|fucking {s}"
).split("|")
QUOTED_EN = (
    "\"{s}\" is a slur, don't use it|he called me a {s} and it hurt|you can't call people {s}|the word {s} is banned here|stop calling her a {s}|i was called a {s} at school|"
    "please report whoever says {s}|why would anyone use a word like {s}|my brother was beaten and called {s}|the mods delete messages with {s}"
).split("|")

_FRAMES: tuple[tuple[Sequence[str], str, Sequence[str], dict[str, float], str], ...] = (
    (HATED_THINGS_EN, "{t}", THINGS_EN, {"toxicity": 0.0}, "en"),
    (INSULTED_ZH, "{w}", INSULTS_ZH, {"toxicity": 1.0, "insult": 1.0}, "zh"),
    (INSULTED_EN, "{w}", INSULTS_EN, {"toxicity": 1.0, "insult": 1.0}, "en"),
    (NAMED_EN, "{n}", NAMES_EN, {"toxicity": 0.0}, "en"),
    (DENIED_EN, "{a}", RUDE_EN, {"toxicity": 0.0}, "en"),
    (KILLED_EN, "{b}", BOSSES_EN, {"toxicity": 0.0}, "en"),
    (SICK_ZH, "{s}", SICKLY_ZH, {"toxicity": 0.0}, "zh"),
    (ABOUT_ZH, "{c}", CRIMES_ZH, {"toxicity": 0.0}, "zh"),
    (ABOUT_EN, "{c}", CRIMES_EN, {"toxicity": 0.0}, "en"),
    (COMPLAINT_ZH, "{t}", THINGS_ZH, {"toxicity": 0.0}, "zh"),
    (THREAT_EN, "{v}", VIOLENCE_EN, {"toxicity": 1.0, "threat": 1.0}, "en"),
    (THREAT_ZH, "{v}", VIOLENCE_ZH, {"toxicity": 1.0, "threat": 1.0}, "zh"),
    (SEXUAL_EN, "{b}", BODY_EN, {"toxicity": 1.0, "sexual": 1.0}, "en"),
    (SEXUAL_ZH, "{b}", BODY_ZH, {"toxicity": 1.0, "sexual": 1.0}, "zh"),
    (SLURRED_EN, "{s}", SLURS_EN, {"toxicity": 1.0, "hate": 1.0, "insult": 1.0}, "en"),
    (QUOTED_EN, "{s}", SLURS_EN, {"toxicity": 0.1}, "en"),
    (HARM_EN, "{d}", DYING_EN, {"self_harm": 1.0}, "en"),
    (HARM_ZH, "{d}", DYING_ZH, {"self_harm": 1.0}, "zh"),
    (BENIGN_EN, "", [""], {"toxicity": 0.0}, "en"),
    (BENIGN_ZH, "", [""], {"toxicity": 0.0}, "zh"),
)


def contrasts(chance: random.Random, each: int) -> list[tuple[str, dict[str, float], str]]:
    """Lines with what is said of them and their language: every frame with `each` of its words.

    A frame that is nothing but its word comes with all of them, one without a place for any comes once.
    """
    return [
        (frame.replace(place, word.replace("_", " ")) if place else frame, labels, language)
        for frames, place, words, labels, language in _FRAMES
        for frame in frames
        for word in chance.sample(
            words, len(words) if frame == place else min(each, len(words)) if place in frame else 1
        )
    ]
