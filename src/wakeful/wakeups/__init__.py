"""Ways to pass wake-up hints between those who commit and those who wait."""
