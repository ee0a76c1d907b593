"""Where do the demo's passages and questions come from? A world of facts, written out by our own templates."""
