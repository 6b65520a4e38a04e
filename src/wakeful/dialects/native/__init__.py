"""The native dialect: how producers put changes and events in over HTTP."""
