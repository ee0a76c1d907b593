"""Training: one visible loop, and the recipes that use it (DPR, BART, RAG, the demo)."""
