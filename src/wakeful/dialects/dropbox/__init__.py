"""Dropbox's wire format. Facts are of dropbox.md where it is named."""
