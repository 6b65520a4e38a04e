"""The routes of the Dropbox dialect."""
