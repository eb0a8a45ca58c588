"""What the backend ``local`` keeps of deployed productions: a file beside those of messages."""
