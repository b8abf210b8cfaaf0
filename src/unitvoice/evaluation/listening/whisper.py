"""Recognition of words by Whisper (Radford et al., 2023) in the library transformers."""

from typing import Any

import torch

from unitvoice.audio import RATE, Wave
from unitvoice.evaluation.listening.judge import Figure, Heard
from unitvoice.evaluation.listening.pretrained import pretrained
from unitvoice.evaluation.listening.recogniser import Recogniser, error_percent, plain

__all__ = ["Whisper"]

WINDOW = 30 * RATE  # samples that the network reads at once
MOST_TOKENS = 200  # of a window


class Whisper(Recogniser):
    """Greedy transcription of windows of 30 s.

    Args:
        model: name on the hub, such as openai/whisper-base, or a folder that transformers saved.

    Raises:
        InputError: transformers is not installed, or there is no such model.
    """

    figures = (
        Figure("whisper_word_errors", "%", "lower", "words against the transcript, or those heard in the source"),
        Figure("whisper_character_errors", "%", "lower", "the same in characters"),
    )

    def __init__(self, model: str) -> None:
        super().__init__()
        self._processor, self._network, self.version, self.weights = pretrained(
            model, "WhisperProcessor", "WhisperForConditionalGeneration", "model of Whisper"
        )
        self.name = f"Whisper, {model}"

    @torch.inference_mode()
    def transcribe(self, wave: Wave) -> str:
        """What is said, in small letters without punctuation."""
        windows = [wave[start : start + WINDOW] for start in range(0, len(wave), WINDOW)]
        return " ".join(text for window in windows if (text := plain(self._read(window))))

    def _read(self, window: Wave) -> str:
        inputs: Any = self._processor(window, sampling_rate=RATE, return_tensors="pt").input_features
        tokens = self._network.generate(inputs, do_sample=False, num_beams=1, max_new_tokens=MOST_TOKENS)
        return str(self._processor.batch_decode(tokens, skip_special_tokens=True)[0])

    def score(self, heard: Heard) -> dict[str, float]:
        """Word and character errors; none where nothing was to be heard."""
        expected = self.expected(heard)
        if not expected:
            return {}
        found = self.transcribe(heard.wave)
        return {
            "whisper_word_errors": error_percent(expected, found),
            "whisper_character_errors": error_percent(expected, found, characters=True),
        }
