"""The one composition root: settings to the app, an address to an opened archive."""
