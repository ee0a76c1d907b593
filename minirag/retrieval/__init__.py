"""Which passages speak about a question? The retrieval floor: passages, BM25, vector indexes, knowledge bases, the retriever."""
