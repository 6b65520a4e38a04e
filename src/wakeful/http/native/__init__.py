"""The routes of the native dialect."""
