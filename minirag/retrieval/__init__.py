"""Which passages speak about a question? Passages, BM25, vector indexes, knowledge bases, the retriever."""
