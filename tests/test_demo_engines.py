"""The speech engines behind the demo's sound speak with the voice that was asked for, or say that they can't."""

from __future__ import annotations

import numpy as np
import pytest

from tools.make_demo.engines import UnknownVoiceError, Voice, available, speak

pytestmark = pytest.mark.skipif(available() is not None, reason=f"no speech engine: {available()}")


def test_each_espeak_voice_sounds_like_itself() -> None:
    names = ("en-gb", "en-gb+f3", "en-us+f2", "en-gb-scotland+m3")
    sounds = [speak("Thank you for calling.", Voice(name, "espeak", name, 165)).sound for name in names]
    for number, one in enumerate(sounds):
        for other in sounds[:number]:
            assert len(one) != len(other) or not np.array_equal(one, other)


def test_a_voice_that_espeak_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownVoiceError, match="has no voice 'en-xx'"):
        speak("Hello.", Voice("x", "espeak", "en-xx"))
