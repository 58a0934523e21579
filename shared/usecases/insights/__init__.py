"""Insights: what a model says of threads, each sentence with words to check it by."""
