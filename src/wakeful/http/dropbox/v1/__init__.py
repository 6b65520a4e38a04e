"""The routes of version 1 of Dropbox's API."""
