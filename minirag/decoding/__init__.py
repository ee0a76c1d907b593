"""From next-token probabilities to answers: greedy and beam search, RAG-Token, RAG-Sequence (RAG §2.5)."""
