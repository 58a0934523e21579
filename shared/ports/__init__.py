"""What the use cases need from outside; adapters and fakes implement it."""
