"""Text in, token ids out: tokenizers, batching, and the generator's input."""
