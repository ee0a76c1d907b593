"""Questions with their answers and passages, from files of five kinds."""
