"""What was run, and how to read the page."""

import json

from unitvoice.report.markup import Markup, element
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import details, figure, missing, panels, section, table

__all__ = ["about", "guide"]

TERMS = {
    "Unit, code": "One of a small set of symbols that the system invents; each stands for a vector of the codebook.",
    "ABX error": (
        "Take two recordings A and B of different phones in the same context, and X of A's phone by another speaker: "
        "how often is X nearer to B? 0 % is perfect, 50 % is guessing. Recordings are compared frame by frame along "
        "their best alignment in time, and errors averaged by the challenge's rules."
    ),
    "MFCC39": "Classical spectral features without any learning; what any learned unit should beat.",
    "Untrained codes": "The same network with random weights and a codebook placed among what it gives.",
    "Before quantisation": "What the encoder gives before the nearest code takes its place.",
    "Bitrate": "Units per second times their entropy, in bit/s; few bits and a low ABX error rarely go together.",
    "Perplexity": "How many equally frequent codes would carry as much as those in use.",
    "Nearer to target": (
        "Share of the conversions whose speaker vector is nearer to the target voice than to the source speaker."
    ),
    "Cosine of own voice": (
        "Recordings of the target voices, spoken again in their own voice: how near they stay to it. What is lost "
        "here is lost by coding and by making sound, not by changing the speaker."
    ),
    "Speaker EER": (
        "Equal error rate of the judge itself, when it tells the corpus's own speakers apart. A judge with a high "
        "rate proves little."
    ),
    "MOS, CER, similarity": (
        "Listeners' scores: quality from 1 to 5, share of characters that they misunderstood, likeness from 1 to 5."
    ),
}


def about(results: Results) -> Markup:
    """The corpus of each language, and the model."""
    corpora = panels([_corpus(one) for one in results.languages])
    return section("about", "What was run", _model(results.languages[0]), corpora)


def _corpus(one: LanguageResults) -> Markup:
    found = one.manifest.utterances
    lines = []
    for subset in dict.fromkeys(utterance.subset for utterance in found):
        own = [utterance for utterance in found if utterance.subset == subset]
        minutes = sum(utterance.seconds for utterance in own) / 60
        speakers = len({utterance.speaker for utterance in own})
        lines.append([subset, str(len(own)), str(speakers), f"{minutes:.1f}"])
    whole = table(["subset", "files", "speakers", "minutes"], lines, f"Corpus, {one.name}")
    caption = "The system is trained on unit and voice, without any labels; dev and test are of other speakers."
    return figure(caption, whole, heading=one.name)


def _model(one: LanguageResults) -> Markup:
    model = one.first.model
    if isinstance(model, Absent):
        return missing("The model", model)
    settings = json.dumps(model.settings, indent=2, ensure_ascii=False)
    return element(
        "div",
        element("p", f"{model.description}."),
        details("Settings and versions", element("pre", settings)),
    )


def guide() -> Markup:
    """The terms of the page."""
    pairs = [[element("dt", term), element("dd", text)] for term, text in TERMS.items()]
    return section("guide", "How to read this", element("dl", pairs))
