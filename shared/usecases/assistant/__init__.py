"""What an assistant may ask of an archive, and what it is answered."""
