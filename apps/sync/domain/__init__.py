"""When to try again and which windows to bring: plain arithmetic."""
