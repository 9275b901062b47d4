"""Training of the small synthesizer: speech tokenizer, flow decoder, vocoder, text-speech model.

The stages in their order, each with `--config configs/voice-STAGE.json --out runs/voice-STAGE`, run
in a folder that has `configs`, `corpora`, `checkpoints` and `runs`; flite has to be installed:

    python -m salmonn_omni.voice codec      # speech to codes of 40 ms
    python -m salmonn_omni.voice vocoder    # mel frames to samples; needs no other stage
    python -m salmonn_omni.voice flow       # codes to mel frames
    python -m salmonn_omni.voice tokens     # text to codes
    python -m salmonn_omni.voice connect    # the dialogue model's hidden states in the text's place
    python -m salmonn_omni.voice.evaluate   # word error rates, sounds and pictures
    python -m salmonn_omni.voice.export     # the files of a bundle
"""
