"""Recordings with their spectrogram and a player."""

from dataclasses import dataclass

from unitvoice import audio
from unitvoice.audio import Wave
from unitvoice.manifest import Manifest, Utterance
from unitvoice.report.embedded import sound, spectrogram
from unitvoice.report.markup import Markup, element

__all__ = ["Clip", "player", "recording"]


@dataclass(frozen=True)
class Clip:
    """One recording of a card."""

    role: str
    detail: str
    wave: Wave


def recording(manifest: Manifest, utterance: Utterance) -> Wave:
    """An utterance of the corpus, (N,) at 16 kHz; InputError when it cannot be read."""
    return audio.read(manifest.path(utterance), start=utterance.start or 0.0, stop=utterance.stop)


def player(clip: Clip) -> Markup:
    """What a recording is, what it looks like, and the means to hear it."""
    seconds = f"{len(clip.wave) / audio.RATE:.1f} s"
    label = f"{clip.role}: {clip.detail}"
    return element(
        "div",
        element("p", element("strong", clip.role), " ", element("span", f"{clip.detail}, {seconds}", class_="quiet")),
        element("img", src=spectrogram(clip.wave), alt=f"Spectrogram, {label}", class_="spectrogram"),
        element("audio", controls=True, preload="metadata", src=sound(clip.wave), aria_label=label),
        class_="clip",
    )
