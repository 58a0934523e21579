"""What the ports stand for: each module knows one service."""
