"""Speaks lines with SVOX Pico (pip install py-nanotts): file, voice, speed, pitch and text, tabs
between them, from standard input; WAV files of 16 kHz."""

import sys
import wave

import py_nanotts

engine = py_nanotts.NanoTTS()
for line in sys.stdin:
    name, voice, speed, pitch, text = line.rstrip("\n").split("\t")
    samples = engine.speak(
        text, voice=voice, speed=float(speed), pitch=float(pitch), volume=0.5)
    with wave.open(name, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples)
