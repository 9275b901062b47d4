"""Training of the small synthesizer: speech tokenizer, flow decoder, vocoder, text-speech model."""
