"""What developers run: messages, browser, screenshots. Nothing here is needed in production."""
