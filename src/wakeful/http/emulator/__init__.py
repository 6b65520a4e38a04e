"""The routes by which tests drive an emulator."""
