"""A site: an archive as a folder of static pages, which opens by double click."""
