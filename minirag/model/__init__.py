"""The networks, written directly in torch.nn: attention, BERT, the two DPR encoders, BART; and how their weights are stored."""
