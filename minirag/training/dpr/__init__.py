"""A retriever of one's own: DPR's two encoders, trained on questions and the passages that answer them."""
