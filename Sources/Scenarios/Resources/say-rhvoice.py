"""Speaks lines with RHVoice (pip install rhvoice-wrapper rhvoice-wrapper-bin): file, voice, speed,
pitch and text, tabs between them, from standard input; WAV files of the voice's own rate."""

import sys

from rhvoice_wrapper import TTS

engine = TTS(threads=1, quiet=True)
for line in sys.stdin:
    name, voice, speed, pitch, text = line.rstrip("\n").split("\t")
    settings = {"relative_rate": float(speed), "relative_pitch": float(pitch)}
    engine.to_file(name, text, voice=voice, format_="wav", sets=settings)
engine.join()
