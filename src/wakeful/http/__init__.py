"""The server's HTTP side: parked polls in front, everything else an app of small dialects."""
