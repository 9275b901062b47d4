"""One trainer for every stage: a seed, a configuration and a command each."""
