"""What the use cases need from outside, as contracts; adapters and fakes fulfil them."""
