"""Style and script of the page that `html_format` writes."""
