"""The routes of the Box dialect."""
