"""Recognition of words by Whisper (Radford et al., 2023) in the library transformers."""

from typing import Any

import torch

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.judge import Figure, Heard, optional
from unitvoice.evaluation.listening.recogniser import Recogniser, error_percent, plain
from unitvoice.features.ssl_weights import fingerprint

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
        library = optional("transformers", "ssl")
        library.utils.logging.disable_progress_bar()
        library.utils.logging.set_verbosity_error()
        try:
            self._processor = library.WhisperProcessor.from_pretrained(model)
            self._network = library.WhisperForConditionalGeneration.from_pretrained(
                model, dtype=torch.float32, use_safetensors=True
            ).eval()
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise InputError(
                f"{model} is no model of Whisper that can be read here ({reason}); give a name on the hub where there "
                "is a network, or a folder that save_pretrained wrote"
            ) from None
        self.name = f"Whisper, {model}"
        self.version = f"transformers {library.__version__}"
        self.weights = fingerprint(self._network)

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
