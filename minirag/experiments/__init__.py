"""The paper's experiments on laptop scale: fine-tunings, evaluations, tables and figures, with three seeds and intervals."""
