"""What an emulator has beside a server: it records what is asked, and does wrong on demand."""
