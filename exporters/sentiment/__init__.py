"""How lines of chat are meant: trained when it is exported, of what packages carry."""

from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights
from exporters.sentiment.sources import EMOJI, KAOMOJI, VADER

LARGEST_BATCH = 256


class SentimentExporter(Exporter):
    """A regression on n-grams and a lexicon's valences, and the lexicon."""

    name = "sentiment"
    summary = "what lines of chat say, int32 [B,M] -> probabilities [B,3] of negative, neutral, positive"
    models = ("sentiment_classifier", "sentiment_features")
    checkpoint = "lines of your own, a CSV file with the columns text, label, language"
    formats = (".csv",)
    shared = (
        "evaluation/bias",
        "evaluation/chat_lines",
        "model_repository/sentiment_features/1/sentiment_features",
    )
    group_fairness = (
        "names, genders and places are exchanged in sentences of evaluation/bias.py: see the gate of the "
        "median shift. Not measured on what groups of people write, which no data at hand says"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """Packages that it is trained on, beside what was written for it; a user's lines come on top."""
        return (VADER, EMOJI, KAOMOJI)

    def build(self, job: Job) -> Build:
        """Read the corpora, fit, export."""
        from exporters.sentiment.parity import measure  # noqa: PLC0415 - imports torch
        from exporters.sentiment.recipe import train  # noqa: PLC0415

        trained = train(job)
        graph = trained.export(job.folder("sentiment_classifier") / "model.onnx")
        lexicon = trained.save_lexicon(job.folder("sentiment_features") / "lexicon.npy")
        profiles = {"features": Profile((1, 64), (32, 64), (LARGEST_BATCH, 4096), (1, 64))}
        artifacts = (
            # Which places of a batch hold features is data: TensorRT would plan for every place.
            Artifact("sentiment_classifier", graph, "fp32", profiles, tensorrt=False),
            Artifact("sentiment_features", lexicon),
        )
        return Build(artifacts, partial(measure, graph, trained))


EXPORTER = SentimentExporter()
