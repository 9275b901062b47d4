// Filled by the tokenizer.
