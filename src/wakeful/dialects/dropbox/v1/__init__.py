"""Version 1 of Dropbox's API, the Core API (dropbox.md 1)."""
