"""Where everything is kept that must not be lost: the implementations of `core.ports.Store`."""
