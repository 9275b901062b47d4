"""The training of the encoder and the language model: what is heard, and what is answered when."""
