"""Archives leave: in another format, or packed with proof."""
