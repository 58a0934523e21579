"""Microsoft Graph, by plain HTTPS."""
