"""Contents that this server keeps, known by their addresses: on the disk, or in memory."""
