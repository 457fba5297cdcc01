"""Chinese words for who somebody is: read as one word, for what is said of people must not hang on it.

English n-grams weigh so little beside the lexicon that it made no difference there.
"""

import re

_WORDS = (
    "男人 女人 男生 女生 男孩子 女孩子 男孩 女孩 男的 女的 男子 女子 小伙子 姑娘 小姐姐 小哥哥 先生 女士 "
    "哥哥 姐姐 弟弟 妹妹 爸爸 妈妈 爷爷 奶奶 外公 外婆 叔叔 阿姨 老公 老婆 儿子 女儿 大爷 大妈 大叔 大姐 "
    "老人家 老年人 老人 年轻人 小朋友 小孩子 小孩 孩子 学生 老师 工人 农民工 农民 农村人 城里人 乡下人 "
    "残疾人 盲人 聋人 同性恋 异性恋 双性恋 跨性别 穆斯林 基督徒 黑人 白人 黄种人 外地人 本地人 外国人"
)
_PLACES = (
    "北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 "
    "广西 海南 重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 香港 澳门 台湾 东北 南方 北方 "
    "广州 深圳 成都 武汉 杭州 南京 西安 "
    "中国 日本 韩国 美国 英国 法国 德国 俄罗斯 印度 泰国 越南 非洲 欧洲 加拿大 澳大利亚 巴西 墨西哥"
)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"

_WHO = sorted(_WORDS.split(), key=len, reverse=True)
_SOMEBODY = re.compile(
    f"(?:{'|'.join(_PLACES.split())})人|{'|'.join(_WHO)}|小[{_SURNAMES}明红](?![\u4e00-\u9fff]子)"
)
WORD = "他"


def alike(text: str) -> str:
    """`text` with one word for all of them."""
    return _SOMEBODY.sub(WORD, text)
