"""Recordings in other voices: lengths, loudness, places; what cannot be done is told before anything is written."""

import shutil

import numpy as np
import pytest
import soundfile

from unitvoice import audio
from unitvoice.errors import InputError

QUICK = ("--iterations", 1)


def loudness(wave):
    return np.sqrt(np.mean(wave**2))


def places(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_wav_is_as_long_and_about_as_loud_as_its_recording(run, tiny_model, recordings, speakers, tmp_path):
    run("convert", tiny_model, recordings / "one.wav", tmp_path / "o.wav", "--target", speakers[0], *QUICK)
    heard, made = audio.read(recordings / "one.wav"), audio.read(tmp_path / "o.wav")
    assert audio.info(tmp_path / "o.wav") == (16_000, 1, 4321, "PCM_16")
    assert loudness(made) == pytest.approx(loudness(heard), rel=0.01)


def test_a_folder_is_converted_with_all_that_are_below_it(run, tiny_model, recordings, speakers, tmp_path):
    run("convert", tiny_model, recordings, tmp_path / "o", "--target", speakers[0], *QUICK)
    assert places(tmp_path / "o") == ["deep/two.wav", "one.wav"]
    assert audio.info(tmp_path / "o" / "deep" / "two.wav").frames == len(audio.read(recordings / "deep" / "two.flac"))


def test_each_of_several_voices_has_a_folder_and_a_sound_of_its_own(run, tiny_model, recordings, speakers, tmp_path):
    run("convert", tiny_model, recordings / "one.wav", tmp_path / "o", "--target", *speakers, *QUICK)
    assert places(tmp_path / "o") == [f"{speaker}/one.wav" for speaker in speakers]
    one, other = (audio.read(tmp_path / "o" / speaker / "one.wav") for speaker in speakers)
    assert not np.array_equal(one, other)
    run("convert", tiny_model, recordings / "one.wav", tmp_path / "all", "--target", "all", *QUICK)
    assert set(places(tmp_path / "all")) > {f"{speaker}/one.wav" for speaker in speakers}


def test_the_same_call_gives_the_same_bytes(run, tiny_model, recordings, speakers, tmp_path):
    for name in ("a.wav", "b.wav"):
        run("convert", tiny_model, recordings / "one.wav", tmp_path / name, "--target", speakers[0], *QUICK)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_other_files_of_the_output_folder_stay(run, tiny_model, recordings, speakers, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    run("convert", tiny_model, recordings / "one.wav", tmp_path, "--target", speakers[0], *QUICK)
    assert places(tmp_path) == ["mine.txt", "one.wav"]


def test_a_recording_is_not_written_over(run, tiny_model, recordings, speakers, tmp_path):
    copied = shutil.copytree(recordings, tmp_path / "r")
    before = (copied / "one.wav").read_bytes()
    for output in (copied, copied / "one.wav"):
        source = copied if output == copied else copied / "one.wav"
        with pytest.raises(InputError, match=r"would be written over: .*one\.wav; give another output"):
            run("convert", tiny_model, source, output, "--target", speakers[0], *QUICK)
    assert (copied / "one.wav").read_bytes() == before


def test_several_wavs_do_not_fit_in_one(run, tiny_model, recordings, speakers, tmp_path):
    with pytest.raises(InputError, match=r"there are 2 wavs to write; give a folder instead of .*o\.wav"):
        run("convert", tiny_model, recordings, tmp_path / "o.wav", "--target", speakers[0])


def test_recordings_that_differ_in_their_suffix_alone_are_told(run, tiny_model, speakers, tmp_path):
    for suffix in ("wav", "flac"):
        soundfile.write(tmp_path / f"a.{suffix}", np.zeros(800), 16_000)
    with pytest.raises(InputError, match=r"a\.flac and .*a\.wav have one name"):
        run("convert", tiny_model, tmp_path, tmp_path / "o", "--target", speakers[0])


def test_an_unknown_voice_is_told_with_the_known_ones(run, tiny_model, recordings, speakers, tmp_path):
    with pytest.raises(InputError, match=f"does not know the speaker 'X'; it knows .*{speakers[0]}"):
        run("convert", tiny_model, recordings, tmp_path / "o", "--target", speakers[0], "X")
    assert not (tmp_path / "o").exists()


def test_all_recordings_that_cannot_be_read_are_named(run, tiny_model, recordings, speakers, tmp_path):
    copied = shutil.copytree(recordings, tmp_path / "r")
    for name in ("bad", "worse"):
        (copied / f"{name}.wav").write_bytes(b"noise")
    with pytest.raises(InputError, match=r"2 recordings cannot be used: .*bad\.wav.*worse\.wav"):
        run("convert", tiny_model, copied, tmp_path / "o", "--target", speakers[0])
    assert not (tmp_path / "o").exists()


def test_recordings_to_hear_are_refused_by_a_model_that_hears_none(run, tiny_model, recordings, speakers, tmp_path):
    heard = ("--heard", recordings / "one.wav")
    with pytest.raises(InputError, match="knows voices by name and hears none"):
        run("convert", tiny_model, recordings, tmp_path / "o", "--target", speakers[0], *heard)


def test_resynthesis_finds_the_speaker_in_the_name_or_the_folder(run, tiny_model, recordings, speakers, tmp_path):
    named, inside = tmp_path / "r" / f"{speakers[0]}_1.wav", tmp_path / "r" / speakers[1] / "1.wav"
    for path in (named, inside):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(recordings / "one.wav", path)
    run("resynthesise", tiny_model, tmp_path / "r", tmp_path / "o", *QUICK)
    assert places(tmp_path / "o") == [f"{speakers[0]}_1.wav", f"{speakers[1]}/1.wav"]
    for place, speaker in ((f"{speakers[0]}_1.wav", speakers[0]), (f"{speakers[1]}/1.wav", speakers[1])):
        name = place.removesuffix(".wav")
        shutil.copy(recordings / "one.wav", tmp_path / "same.wav")
        made = soundfile.read(tmp_path / "o" / place)[0]
        run("resynthesise", tiny_model, tmp_path / "r", tmp_path / "p", "--speaker", speaker, *QUICK)
        np.testing.assert_array_equal(made, soundfile.read(tmp_path / "p" / f"{name}.wav")[0])


def test_a_speaker_that_nothing_tells_is_asked_for(run, tiny_model, recordings, tmp_path):
    with pytest.raises(InputError, match=r"the speakers of .*two\.flac, .*one\.wav are not known .*--speaker"):
        run("resynthesise", tiny_model, recordings, tmp_path / "o")
