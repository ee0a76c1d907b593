"""Files of any kind → passages with the places where they stand: one file here for each kind, one that splits long texts."""
