"""The systems by name, and where they are defined."""

from unitvoice.errors import InputError, listed

__all__ = ["DECODE_FRAMES", "SYSTEMS", "WITHOUT_UNITS", "module_of"]

VQVAE2_MELGAN = ("vqvae2_melgan", "Vqvae2MelGan")
WAVENET_AUTOENCODER = ("wavenet_autoencoder", "WavenetAutoencoder")

SYSTEMS = {
    "vqvae-mel": ("vqvae_mel", "VqvaeMel"),
    "vqvae-gru": ("vqvae_gru", "VqvaeGru"),
    "vqcpc-gru": ("vqcpc_gru", "VqcpcGru"),
    "vqvae-deconv": ("vqvae_deconv", "VqvaeDeconv"),
    "vqvae-wavenet": ("vqvae_wavenet", "VqvaeWavenet"),
    "in-wae": WAVENET_AUTOENCODER,
    "any-wae": WAVENET_AUTOENCODER,
    "svq-wae": WAVENET_AUTOENCODER,
    "vq-wae": WAVENET_AUTOENCODER,
    "wae": WAVENET_AUTOENCODER,
    "gumbel-wae": WAVENET_AUTOENCODER,
    "vqvae2-melgan": VQVAE2_MELGAN,
    "vqvae2-melgan-finetune": VQVAE2_MELGAN,
    "vqvae2-melgan-joint": VQVAE2_MELGAN,
    "melgan": ("melgan", "MelGan"),
    "vqvae-wavernn": ("vqvae_wavernn", "VqvaeWavernn"),
    "hifigan": ("hifigan", "HifiGan"),
    "wavernn": ("wavernn", "WaveRnnVocoder"),
    "wavernn-unconditional": ("wavernn_unconditional", "UnconditionalWaveRnn"),
    "code-hifigan": ("code_hifigan", "CodeHifiGan"),
    "unit-vqvae": ("unit_vqvae", "UnitVqvae"),
}

DECODE_FRAMES = frozenset({"vqvae-mel", "vqvae-deconv"})  # systems that need a vocoder to be heard
WITHOUT_UNITS = frozenset({"melgan", "hifigan", "wavernn", "wavernn-unconditional"})  # which only make sound


def module_of(system: str) -> str:
    """Name of the module that defines a system; InputError for an unknown one.

    >>> module_of("vqvae-mel")
    'unitvoice.systems.vqvae_mel'
    """
    if system not in SYSTEMS:
        raise InputError(f"unknown system {system!r}; known are {listed(SYSTEMS, 30)}")
    return f"unitvoice.systems.{SYSTEMS[system][0]}"
