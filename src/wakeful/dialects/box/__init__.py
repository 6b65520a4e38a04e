"""The Box dialect: events, their sources, positions, errors and reads, in Box's wire form."""
