"""Implementations of the ports: each module knows one service."""
