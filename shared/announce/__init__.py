"""Announcing archives on an Event Grid custom topic, where one is configured."""
