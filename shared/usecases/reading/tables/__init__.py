"""An archive as tables by month: what is in them, and what a build writes again."""
