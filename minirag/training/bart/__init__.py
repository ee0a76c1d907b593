"""Training a generator on one's own text and questions: mending broken passages, and reading."""
