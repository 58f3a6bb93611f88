"""The graph engine: declaring, planning, scheduling, running and drawing."""
