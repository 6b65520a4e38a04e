"""The rules of the feed, pure: standard library and msgspec only, no I/O."""
