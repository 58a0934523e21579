"""What a model says of a thread, and what of it rests on words that were said."""
