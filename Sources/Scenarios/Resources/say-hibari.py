"""Speaks lines with hibari (pip install hibari-tts): file, voice, speed and text, tabs between them,
from standard input; WAV files of 24 kHz."""

import sys

import hibari

voices = {}
for number, line in enumerate(sys.stdin):
    name, voice, speed, text = line.rstrip("\n").split("\t")
    if voice not in voices:
        voices[voice] = hibari.Hibari(voice=voice)
    hibari.write_wav(name, voices[voice](text, speed=float(speed), seed=number))
