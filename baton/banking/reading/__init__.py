"""What banks send back, whatever their format, in the words of `baton.model.bank_answers`. Streams in, streams out."""
