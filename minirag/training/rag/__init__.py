"""RAG on one's own questions: −log p(y|x), question encoder and generator together, nobody says which passage is right."""
