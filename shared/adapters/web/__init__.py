"""The server that shows an archive to one person on their own machine."""
