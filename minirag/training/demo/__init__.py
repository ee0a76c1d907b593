"""The demo, from random weights, on worlds in which nothing is real: its lessons, its stages, its folder."""
