"""`chat-archive`: what people do with an archive, from a terminal."""
