"""Templates, style and script of a site."""
