"""Final settlements in China: what a leaver is owed, each line by a cited rule of a versioned pack."""
